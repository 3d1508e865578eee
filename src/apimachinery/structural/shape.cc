#include "apimachinery/structural/shape.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace apimachinery::structural {
namespace {

bool IsTypeMember(absl::string_view name) { return name == "apiVersion" || name == "kind" || name == "metadata"; }

bool IsEmptyNull(const Value& value, const Schema* schema) {
  return value.is_null() && schema != nullptr && !schema->nullable;
}

// Walks value and schema side by side. Where there is no schema, only maps count: their members go, whatever they are;
// lists of lists without schema are followed with a stack of their own, since nothing bounds them but the parser.
class Pruner {
 public:
  explicit Pruner(std::vector<std::string>* pruned) : pruned_(pruned) {}

  void Run(const Schema& schema, bool embedded, Value* value) {
    if (value->is_array()) {
      for (size_t i = 0; i < value->size(); ++i) Below(schema.items.get(), schema.preserve_unknown_fields, Index(i), &value->array()[i]);
    } else if (value->is_object()) {
      Members(schema, embedded, value);
    }
  }

 private:
  void Members(const Schema& schema, bool embedded, Value* value) {
    Object& members = value->object();
    size_t kept = 0;
    for (size_t i = 0; i < members.size(); ++i) {
      Member& member = members[i];
      if (!(embedded && IsTypeMember(member.key))) {
        const Schema* child = schema.FindProperty(member.key);
        if (child == nullptr && schema.HasAdditional()) {
          Below(schema.additional.get(), schema.preserve_unknown_fields, Name(member.key), &member.value);
        } else if (child != nullptr) {
          Below(child, schema.preserve_unknown_fields, Name(member.key), &member.value);
        } else if (!schema.preserve_unknown_fields) {
          if (pruned_ != nullptr) pruned_->push_back(absl::StrCat(path_, Name(member.key)));
          continue;
        }
      }
      if (kept != i) members[kept] = std::move(member);
      ++kept;
    }
    members.erase(members.begin() + static_cast<long>(kept), members.end());
  }

  void Below(const Schema* schema, bool preserved, const std::string& step, Value* value) {
    if (!value->is_array() && !value->is_object()) return;
    if (schema == nullptr && preserved) return;
    const size_t length = path_.size();
    path_ += step;
    if (schema != nullptr) {
      Run(*schema, schema->embedded_resource, value);
    } else {
      Empty(value);
    }
    path_.resize(length);
  }

  // No schema at all: members of objects go.
  void Empty(Value* root) {
    std::vector<std::pair<Value*, std::string>> work = {{root, path_}};
    while (!work.empty()) {
      auto [value, path] = std::move(work.back());
      work.pop_back();
      if (value->is_object()) {
        for (const Member& member : value->object()) {
          if (pruned_ != nullptr) pruned_->push_back(path.empty() ? member.key : absl::StrCat(path, ".", member.key));
        }
        value->object().clear();
      } else if (value->is_array()) {
        for (size_t i = 0; i < value->size(); ++i) {
          Value& item = value->array()[i];
          if (item.is_object() || item.is_array()) work.emplace_back(&item, absl::StrCat(path, "[", i, "]"));
        }
      }
    }
  }

  std::string Name(absl::string_view name) const { return path_.empty() ? std::string(name) : absl::StrCat(".", name); }
  static std::string Index(size_t i) { return absl::StrCat("[", i, "]"); }

  std::vector<std::string>* const pruned_;
  std::string path_;
};

}  // namespace

void Prune(const Schema& schema, bool root, Value* object, std::vector<std::string>* pruned) {
  Pruner(pruned).Run(schema, root || schema.embedded_resource, object);
  if (pruned != nullptr) std::sort(pruned->begin(), pruned->end());
}

void ApplyDefaults(const Schema& schema, Value* value) {
  if (!schema.defaults_below) return;
  if (value->is_array()) {
    if (schema.items == nullptr || !schema.items->defaults_below) return;
    for (Value& item : value->array()) {
      if (IsEmptyNull(item, schema.items.get()) && schema.items->default_value) item = *schema.items->default_value;
      ApplyDefaults(*schema.items, &item);
    }
    return;
  }
  if (!value->is_object()) return;
  for (const Property& property : schema.properties) {
    if (!property.schema.default_value) continue;
    const Value* present = value->Find(property.name);
    if (present == nullptr || IsEmptyNull(*present, &property.schema)) value->Set(property.name, *property.schema.default_value);
  }
  for (Member& member : value->object()) {
    const Schema* child = schema.FindProperty(member.key);
    if (child == nullptr) {
      child = schema.additional.get();
      if (child == nullptr) continue;
      if (IsEmptyNull(member.value, child) && child->default_value) member.value = *child->default_value;
    }
    ApplyDefaults(*child, &member.value);
  }
}

void DropNulls(const Schema& schema, Value* value) {
  if (value->is_array()) {
    if (schema.items == nullptr) return;
    for (Value& item : value->array()) DropNulls(*schema.items, &item);
    return;
  }
  if (!value->is_object()) return;
  Object& members = value->object();
  std::erase_if(members, [&](const Member& member) {
    const Schema* child = schema.FindMember(member.key);
    return IsEmptyNull(member.value, child) && !child->default_value;
  });
  for (Member& member : members) {
    if (const Schema* child = schema.FindMember(member.key); child != nullptr) DropNulls(*child, &member.value);
  }
}

}  // namespace apimachinery::structural
