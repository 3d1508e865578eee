// Label selectors: the query string form and the LabelSelector object form, with upstream's texts. Pure values.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apimachinery {

// Answers a label's value, or nullptr-data view (data() == nullptr) when the label is not there.
using LabelLookup = absl::FunctionRef<absl::string_view(absl::string_view key)>;

struct LabelRequirement {
  enum class Op : uint8_t { kIn, kNotIn, kEquals, kDoubleEquals, kNotEquals, kExists, kNotExists, kGreater, kLess };
  std::string key;
  Op op = Op::kExists;
  std::vector<std::string> values;  // sorted

  bool Matches(LabelLookup labels) const;
  std::string ToString() const;
};

class LabelSelector {
 public:
  LabelSelector() = default;  // matches everything
  static LabelSelector Nothing();
  static LabelSelector FromSet(const Object& labels);  // equality on each; not validated

  // "a=b,c in (d,e),!f". InvalidArgument with upstream's text.
  static absl::StatusOr<LabelSelector> Parse(absl::string_view text);
  // A meta.v1.LabelSelector tree. nullptr matches nothing, an empty object everything, as upstream.
  static absl::StatusOr<LabelSelector> FromObject(const Value* selector);

  bool Matches(LabelLookup labels) const;
  bool Matches(const Object& labels) const;   // values that are no strings count as absent
  bool Matches(const Value* labels) const;    // metadata.labels, may be nullptr
  bool MatchesEverything() const { return !nothing_ && requirements_.empty(); }
  bool MatchesNothing() const { return nothing_; }
  const std::vector<LabelRequirement>& requirements() const { return requirements_; }
  std::string ToString() const;  // canonical: sorted by key

 private:
  bool nothing_ = false;
  std::vector<LabelRequirement> requirements_;
};

}  // namespace apimachinery
