// Sets of field paths, and FieldsV1, their JSON form: {"f:spec":{"f:replicas":{}}}.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apimachinery::apply {

// One step of a path. Ordered as FieldsV1 prints: names, then keys, then values, then indexes.
struct PathElement {
  enum class Kind : uint8_t { kName, kKey, kValue, kIndex };
  Kind kind = Kind::kName;
  std::string name;  // kName
  Value value;       // kKey: an object with sorted members; kValue; kIndex: an int

  static PathElement Name(absl::string_view name);
  static PathElement Of(Kind kind, Value value);
  static bool Parse(absl::string_view text, PathElement* element);  // "f:x", "k:{...}", "v:...", "i:0"
  std::string Encode() const;
  std::string ToString() const;  // ".x", "[name="a"]", "[="v"]", "[0]"
  friend bool operator<(const PathElement& a, const PathElement& b) { return Compare(a, b) < 0; }
  friend bool operator==(const PathElement& a, const PathElement& b) { return Compare(a, b) == 0; }
  static int Compare(const PathElement& a, const PathElement& b);
};
using Path = std::vector<PathElement>;
std::string PathText(const Path& path);  // ".spec.containers[name="a"].image"

// Upstream's order of JSON values: by type, then by content.
int CompareValues(const Value& a, const Value& b);

// A tree of path elements, some of whose nodes are members of the set.
class FieldSet {
 public:
  bool member = false;  // the path that leads here
  std::map<PathElement, FieldSet> children;

  static absl::StatusOr<FieldSet> Parse(absl::string_view fields_v1);
  static FieldSet OfDotted(absl::string_view path);  // "metadata.labels"
  std::string Encode() const;

  bool Empty() const { return !member && children.empty(); }
  void Insert(const Path& path);
  void Unite(const FieldSet& other);
  FieldSet Minus(const FieldSet& other) const;   // paths that are not in `other`
  void Subtract(const FieldSet& other);          // the same in place: costs what `other` is large
  void SubtractRecursively(const FieldSet& other);  // nor what lies below a path of `other`
  FieldSet Intersect(const FieldSet& other) const;
  void ForEach(absl::FunctionRef<void(const Path&)> visit) const;
};

}  // namespace apimachinery::apply
