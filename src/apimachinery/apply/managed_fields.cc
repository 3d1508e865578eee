#include "apimachinery/apply/managed_fields.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"

namespace apimachinery::apply {

std::string ManagerId::ToString() const {
  std::string text = GoQuote(name);
  if (!subresource.empty()) absl::StrAppend(&text, " with subresource ", GoQuote(subresource));
  if (!applied()) absl::StrAppend(&text, " using ", api_version);
  return text;
}

bool ParseManagedFields(const Value* list, ManagedFields* managed) {
  if (list == nullptr || !list->is_array()) return true;
  for (const Value& entry : list->array()) {
    ManagerId id;
    id.name = entry.GetString("manager");
    id.operation = entry.GetString("operation");
    id.subresource = entry.GetString("subresource");
    const std::string api_version = entry.GetString("apiVersion");
    if ((id.operation != "Apply" && id.operation != "Update") || api_version.empty()) return false;
    if (entry.GetString("fieldsType") != "FieldsV1") return false;
    if (!id.applied()) id.api_version = api_version;
    Owned owned;
    owned.api_version = api_version;
    owned.time = entry.GetString("time");
    if (const Value* fields = entry.Find("fieldsV1"); fields != nullptr && !fields->is_null()) {
      absl::StatusOr<FieldSet> set = FieldSet::Parse(fields->is_raw() ? fields->as_string() : WriteJson(*fields));
      if (!set.ok()) return false;
      owned.fields = *std::move(set);
    }
    (*managed)[id] = std::move(owned);
  }
  return true;
}

void WriteManagedFields(const ManagedFields& managed, Value* object) {
  std::vector<const ManagedFields::value_type*> entries;
  for (const auto& entry : managed) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) {
    return std::tie(a->first.operation, a->second.time, a->first.name, a->second.api_version, a->first.subresource) <
           std::tie(b->first.operation, b->second.time, b->first.name, b->second.api_version, b->first.subresource);
  });
  object->EraseAt("metadata.managedFields");
  if (entries.empty()) return;
  Value list = Value::MakeArray();
  for (const auto* entry : entries) {
    Value one = Value::MakeObject();
    if (!entry->first.name.empty()) one.Set("manager", entry->first.name);
    one.Set("operation", entry->first.operation);
    one.Set("apiVersion", entry->second.api_version);
    if (!entry->second.time.empty()) one.Set("time", entry->second.time);
    one.Set("fieldsType", "FieldsV1");
    one.Set("fieldsV1", Value::Raw(entry->second.fields.Encode()));
    if (!entry->first.subresource.empty()) one.Set("subresource", entry->first.subresource);
    list.Append(std::move(one));
  }
  object->Ensure("metadata").Set("managedFields", std::move(list));
}

}  // namespace apimachinery::apply
