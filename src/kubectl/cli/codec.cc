#include "kubectl/cli/codec.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
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

namespace {

// Of members that stand twice the last one counts.
absl::StatusOr<Value> ParseDocument(absl::string_view text) {
  std::vector<std::string> duplicates;
  if (!absl::StartsWith(absl::StripLeadingAsciiWhitespace(text), "{")) return apimachinery::ParseYaml(text, &duplicates);
  absl::StatusOr<Value> json = apimachinery::ParseYamlOrJson(text);
  if (!json.ok() && json.status().message() == "unexpected end of JSON input") return absl::InvalidArgumentError("unexpected EOF");
  return json;
}

// Where the JSON object that `text` starts with ends; npos when it does not.
size_t EndOfJson(absl::string_view text) {
  size_t depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return absl::string_view::npos;
}

// A file may hold JSON objects one after the other.
std::vector<absl::string_view> SplitJsonObjects(absl::string_view text) {
  std::vector<absl::string_view> parts;
  for (absl::string_view rest = absl::StripAsciiWhitespace(text); !rest.empty(); rest = absl::StripLeadingAsciiWhitespace(rest)) {
    const size_t end = rest[0] == '{' ? EndOfJson(rest) : absl::string_view::npos;
    const bool last = end == absl::string_view::npos || absl::StripAsciiWhitespace(rest.substr(end)).empty() ||
                      absl::StripLeadingAsciiWhitespace(rest.substr(end))[0] != '{';
    parts.push_back(last ? rest : rest.substr(0, end));
    if (last) break;
    rest.remove_prefix(end);
  }
  return parts;
}

std::vector<absl::string_view> SplitDocuments(absl::string_view text) {
  std::vector<absl::string_view> parts;
  for (const absl::string_view part : apimachinery::SplitYamlDocuments(text)) {
    if (!absl::StartsWith(absl::StripLeadingAsciiWhitespace(part), "{")) {
      parts.push_back(part);
      continue;
    }
    for (const absl::string_view object : SplitJsonObjects(part)) parts.push_back(object);
  }
  return parts;
}

}  // namespace

absl::StatusOr<std::vector<Value>> ParseDocuments(absl::string_view text) {
  std::vector<Value> documents;
  for (const absl::string_view part : SplitDocuments(text)) {
    absl::StatusOr<Value> document = ParseDocument(part);
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
