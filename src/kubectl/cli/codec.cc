#include "kubectl/cli/codec.h"

#include "apimachinery/json.h"
#include "apimachinery/yaml.h"

namespace kubectl {

absl::StatusOr<Value> ParseJson(absl::string_view text) { return apimachinery::ParseJson(text); }
std::string WriteJson(const Value& value) { return apimachinery::WriteJson(value); }

std::string WriteJsonIndented(const Value& value, KeyOrder order, absl::string_view indent) {
  if (order == KeyOrder::kAsIs) return apimachinery::WriteJsonIndented(value, indent) + "\n";
  Value sorted = value;
  apimachinery::SortKeys(&sorted);
  return apimachinery::WriteJsonIndented(sorted, indent) + "\n";
}

std::string WriteJsonSorted(const Value& value) {
  Value sorted = value;
  apimachinery::SortKeys(&sorted);
  return apimachinery::WriteJson(sorted);
}

void SortMembers(Value* value) { apimachinery::SortKeys(value); }

std::string WriteYaml(const Value& value) { return apimachinery::WriteYaml(value); }

absl::StatusOr<Value> ParseYaml(absl::string_view text) {
  return apimachinery::ParseYamlOrJson(text);
}

absl::StatusOr<std::vector<Value>> ParseDocuments(absl::string_view text) {
  std::vector<Value> documents;
  for (const absl::string_view part : apimachinery::SplitYamlDocuments(text)) {
    absl::StatusOr<Value> document = apimachinery::ParseYamlOrJson(part);
    if (!document.ok()) return document.status();
    if (!document->is_null()) documents.push_back(*std::move(document));
  }
  return documents;
}

std::string FormatDouble(double d) {
  std::string text;
  apimachinery::AppendJsonDouble(d, &text);
  return text;
}

}  // namespace kubectl
