// JSONPath templates as kubectl and printer columns know them: text with {expressions}, {range}..{end}, filters,
// unions, slices, recursive descent, quoted text. Pure.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apimachinery {

class JsonPath {
 public:
  // InvalidArgument with the reason: "unclosed action", "unterminated array", ...
  static absl::StatusOr<JsonPath> Parse(absl::string_view text);
  // Accepts the short forms people type: `metadata.name`, `.metadata.name`, `{metadata.name}`.
  static absl::StatusOr<JsonPath> ParseRelaxed(absl::string_view text);

  // The text. Absent fields print nothing when `allow_missing`, else they are an error ("x is not
  // found").
  absl::StatusOr<std::string> Execute(const Value& data, bool allow_missing = true) const;
  // The values that each expression of the template found, in order.
  absl::StatusOr<std::vector<std::vector<const Value*>>> FindResults(
      const Value& data, bool allow_missing = true) const;

  struct Node;

 private:
  std::vector<std::shared_ptr<const Node>> nodes_;
};

// How a value looks inside a line: strings as they are, everything else as JSON.
std::string PlainText(const Value& value);
// Go's %#v of a decoded JSON tree; part of kubectl's debugging output.
std::string GoSyntax(const Value& value);

}  // namespace apimachinery
