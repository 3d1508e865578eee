// JSON text to Value and back, by the text rules of Go's encoding/json (what the Kubernetes API speaks).
//
// Nothing here recurses on the depth of the input. All functions are pure and thread-safe.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/value.h"

namespace apimachinery {

struct ParseOptions {
  size_t max_depth = 10000;  // as upstream: "invalid character '[' exceeded max depth"
  // Numbers that are not int64 come as kRaw with their text instead of kDouble, so that a typed reader can
  // judge "1e3" (a quantity) or "1.5" (no int32) by what was written.
  bool number_text = false;
  // When set, paths of duplicate members are appended: `spec.containers[0].name`. The last one wins.
  std::vector<std::string>* duplicates = nullptr;
  bool keep_duplicates = false;  // leave all of them in the tree, for a reader that copes (the codec)
  // Paths ("a.b[].c") of objects, lists and strings that come as kRaw with their text as it stands.
  absl::Span<const std::string> verbatim;
};

// InvalidArgument with Go's wording: "invalid character 'x' looking for beginning of value",
// "unexpected end of JSON input". Invalid UTF-8 and lone surrogates become U+FFFD. Integers beyond int64 and all
// other numbers are kDouble.
absl::StatusOr<Value> ParseJson(absl::string_view text, const ParseOptions& options = {});

// Compact, members in tree order but for hollow ones; `<`, `>`, `&`, U+2028 and U+2029 escaped; no newline at the end.
std::string WriteJson(const Value& value);
void AppendJson(const Value& value, std::string* out);
// Go's MarshalIndent: one member a line, "key": value; empty containers stay {} and []. kubectl indents by 4 spaces.
std::string WriteJsonIndented(const Value& value, absl::string_view indent);

void AppendJsonString(absl::string_view text, std::string* out);  // quoted and escaped
// JSON text that is compact already as it stands; other text is compacted (null when it is no JSON at all).
void AppendRawJson(absl::string_view raw, std::string* out);
void AppendJsonDouble(double number, std::string* out);           // shortest that reads back equal

// Sorts the members of every object by key, as Go prints maps. Raw values are parsed and sorted too.
void SortKeys(Value* value);

// The text without insignificant white space, members in order, Go's HTML escapes applied. Error as ParseJson's.
absl::StatusOr<std::string> CompactJson(absl::string_view text);

}  // namespace apimachinery
