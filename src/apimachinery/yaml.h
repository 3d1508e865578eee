// YAML as kubectl and the API server speak it: YAML 1.1 scalars on reading, sigs.k8s.io/yaml's style on writing.
// Pure; thread-safe.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apimachinery {

// The first document of `text`; null for an empty one. y/n/yes/no/on/off are booleans, as in upstream. Non-string
// scalar keys become strings. Aliases are expanded within a bound of nodes, nesting is bounded by 10,000.
// InvalidArgument starts with "error converting YAML to JSON: yaml: ".
// A key that stands twice is an error; with `duplicates` it is reported there (`line 4: key "a" already set in map`) and
// the last one wins.
absl::StatusOr<Value> ParseYaml(absl::string_view text, std::vector<std::string>* duplicates = nullptr);

// The same, at the speed of JSON for a text that is JSON and means the same in both.
absl::StatusOr<Value> ParseYamlFast(absl::string_view text, std::vector<std::string>* duplicates = nullptr);

// Splits at lines that start with "---". Documents are views into `text`, blank and comment-only ones included.
std::vector<absl::string_view> SplitYamlDocuments(absl::string_view text);

// JSON or YAML: whatever the first character that is not white space says ('{' is JSON).
absl::StatusOr<Value> ParseYamlOrJson(absl::string_view text);

// Keys sorted, lists not indented below their key, strings quoted only where a reader would take them for something
// else; ends in a newline.
std::string WriteYaml(const Value& value);

}  // namespace apimachinery
