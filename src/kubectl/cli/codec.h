// Text forms of a value tree as kubectl prints and reads them.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace kubectl {

using apimachinery::Array;
using apimachinery::Member;
using apimachinery::Object;
using apimachinery::Value;

absl::StatusOr<Value> ParseJson(absl::string_view text);
std::string WriteJson(const Value& value);  // compact

// Sorted: members by key, the form of every object that came from a server.
enum class KeyOrder { kAsIs, kSorted };
// Indented by four spaces, with a final newline, `<`, `>` and `&` escaped: what `-o json` prints.
std::string WriteJsonIndented(const Value& value, KeyOrder order = KeyOrder::kSorted,
                              absl::string_view indent = "    ");
// Compact, sorted by key, escaped: the form kept in the last-applied annotation.
std::string WriteJsonSorted(const Value& value);

void SortMembers(Value* value);  // by key, at every depth

std::string WriteYaml(const Value& value);  // keys sorted, final newline

// A file of JSON or YAML documents, split and parsed one by one; empty documents are dropped.
absl::StatusOr<std::vector<Value>> ParseDocuments(absl::string_view text);
absl::StatusOr<Value> ParseYaml(absl::string_view text);

// A JSON number as Go prints it (1e+06, 0.5, 3).
std::string FormatDouble(double d);

}  // namespace kubectl
