#include "apiserver/validation/go_diff.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"

namespace apiserver::validation {
namespace {

using apimachinery::Value;

void Lines(const std::string& indent, const std::string& name, const Value* before, const Value* after,
           std::string* out) {
  if (before != nullptr && after != nullptr && *before == *after) return;
  if (before != nullptr && after != nullptr && before->is_object() && after->is_object()) {
    absl::StrAppend(out, "  ", indent, name, ": {\n");
    std::set<std::string> keys;
    for (const auto& [key, value] : before->object()) keys.insert(key);
    for (const auto& [key, value] : after->object()) keys.insert(key);
    for (const std::string& key : keys) Lines(indent + "\t", key, before->Find(key), after->Find(key), out);
    absl::StrAppend(out, "  ", indent, "},\n");
    return;
  }
  if (before != nullptr) absl::StrAppend(out, "- ", indent, name, ": ", apimachinery::WriteJson(*before), ",\n");
  if (after != nullptr) absl::StrAppend(out, "+ ", indent, name, ": ", apimachinery::WriteJson(*after), ",\n");
}

}  // namespace

std::string GoDiff(absl::string_view message, const Value& before, const Value& after) {
  std::string out = absl::StrCat("  ", message, "{\n");
  std::set<std::string> keys;
  for (const auto& [key, value] : before.object()) keys.insert(key);
  for (const auto& [key, value] : after.object()) keys.insert(key);
  for (const std::string& key : keys) Lines("\t", key, before.Find(key), after.Find(key), &out);
  return out + "  }\n";
}

}  // namespace apiserver::validation
