// Field selectors: "metadata.name=x,status.phase!=Running". Which fields a kind has is the caller's affair. Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace apimachinery {

struct FieldTerm {
  std::string field;
  bool equal = true;
  std::string value;
};

class FieldSelector {
 public:
  FieldSelector() = default;  // matches everything
  // InvalidArgument: `invalid selector: 'x'; can't understand 'x'`. '=', '==' and '!='; backslash escapes ',' and '='.
  static absl::StatusOr<FieldSelector> Parse(absl::string_view text);

  bool empty() const { return terms_.empty(); }
  const std::vector<FieldTerm>& terms() const { return terms_; }
  // `get` answers the field's text, "" when unset.
  bool Matches(absl::FunctionRef<std::string(absl::string_view field)> get) const;
  // The value that `field` is required to equal; nullptr when there is no such term.
  const std::string* RequiresExactMatch(absl::string_view field) const;
  std::string ToString() const;

 private:
  std::vector<FieldTerm> terms_;
};

}  // namespace apimachinery
