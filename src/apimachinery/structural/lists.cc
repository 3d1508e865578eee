#include "apimachinery/structural/correlate.h"
#include "apimachinery/json.h"
#include "apimachinery/structural/validate.h"

#include <map>

namespace apimachinery::structural {

std::string ItemKey(const Schema& list, const Value& item, Value* keys) {
  if (!item.is_object()) return "";
  Value found = Value::MakeObject();
  for (const std::string& name : list.list_map_keys) {
    const Value* value = item.Find(name);
    if (value == nullptr && list.items != nullptr) {
      const Schema* property = list.items->FindProperty(name);
      if (property != nullptr && property->default_value) value = &*property->default_value;
    }
    if (value != nullptr) found.Set(name, *value);
  }
  SortKeys(&found);
  std::string text = WriteJson(found);
  if (keys != nullptr) *keys = std::move(found);
  return text;
}

Correlation::Correlation(const Schema& list, const Value& items, const Value* old) : list_(list), items_(items) {
  if (list.list_type != ListType::kMap || old == nullptr || !old->is_array()) return;
  for (const Value& item : old->array()) {
    if (std::string key = ItemKey(list, item); !key.empty()) old_.emplace(std::move(key), &item);
  }
}

const Value* Correlation::Item(size_t index) const {
  if (old_.empty()) return nullptr;
  const auto found = old_.find(ItemKey(list_, items_.array()[index]));
  return found == old_.end() ? nullptr : found->second;
}

namespace {

std::string Identity(const Value& item) {
  Value sorted = item;
  SortKeys(&sorted);
  return WriteJson(sorted);
}

void Unique(const Schema& list, const FieldPath& path, const Value& value, FieldErrors* errors) {
  if (list.list_type != ListType::kSet && list.list_type != ListType::kMap) return;
  const bool map = list.list_type == ListType::kMap;
  std::map<std::string, int> seen;
  for (size_t i = 0; i < value.size(); ++i) {
    const Value& item = value.array()[i];
    if (map && !item.is_object()) continue;
    Value keys;
    const std::string key = map ? ItemKey(list, item, &keys) : Identity(item);
    if (++seen[key] == 2) errors->Duplicate(path.Index(i), map ? keys : item);  // told once, where it comes again
  }
}

}  // namespace

void ValidateLists(const Schema& schema, const FieldPath& path, const Value& value, FieldErrors* errors) {
  if (value.is_array()) {
    Unique(schema, path, value, errors);
    if (schema.items == nullptr) return;
    for (size_t i = 0; i < value.size(); ++i) ValidateLists(*schema.items, path.Index(i), value.array()[i], errors);
  } else if (value.is_object()) {
    for (const Member& member : value.object()) {
      if (const Schema* property = schema.FindProperty(member.key); property != nullptr) {
        ValidateLists(*property, path.Child(member.key), member.value, errors);
      } else if (schema.additional != nullptr) {
        ValidateLists(*schema.additional, path.Key(member.key), member.value, errors);
      }
    }
  }
}

}  // namespace apimachinery::structural
