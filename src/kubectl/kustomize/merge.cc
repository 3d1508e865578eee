#include "kubectl/kustomize/merge.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace kubectl::kustomize {

using apimachinery::Array;
using apimachinery::Field;
using apimachinery::Member;
using apimachinery::Message;
using apimachinery::Value;

namespace {

constexpr absl::string_view kDirective = "$patch";

std::string Directive(const Value& value) { return value.is_object() ? value.GetString(kDirective) : ""; }

Value WithoutDirective(const Value& patch) {
  Value copy = patch;
  copy.Erase(kDirective);
  return copy;
}

// What a patch is where there is nothing to merge into: no nulls, no directives.
Value Fresh(const Value& patch) {
  if (!patch.is_object()) return patch;
  Value made = Value::MakeObject();
  for (const Member& member : patch.object()) {
    if (!member.value.is_null() && member.key != kDirective) made.Set(member.key, Fresh(member.value));
  }
  return made;
}

std::vector<std::string> KeysOf(const Field& field) {
  if (!field.list_map_keys.empty()) return field.list_map_keys;
  if (field.patch_merge_key.empty()) return {};
  return {std::string(field.patch_merge_key)};
}

enum class Likeness { kOther, kAlike, kSame };

// kSame: equal in all keys. kAlike: one of them leaves out a key that the other has.
Likeness Compare(const Value& a, const Value& b, const std::vector<std::string>& keys) {
  bool shared = false, partial = false;
  for (const std::string& key : keys) {
    const Value* left = a.Find(key);
    const Value* right = b.Find(key);
    if (left != nullptr && right != nullptr) {
      if (!(*left == *right)) return Likeness::kOther;
      shared = true;
    } else if (left != nullptr || right != nullptr) {
      partial = true;
    }
  }
  return !shared ? Likeness::kOther : partial ? Likeness::kAlike : Likeness::kSame;
}

bool MentionsKey(const Array& list, const std::string& key) {
  return std::any_of(list.begin(), list.end(), [&](const Value& element) { return element.Has(key); });
}

void MergeList(Value* target, const Array& patch, const Field& field) {
  std::vector<std::string> keys = KeysOf(field);
  // Keys that nobody uses (a port's protocol) do not tell elements apart.
  std::erase_if(keys, [&](const std::string& key) {
    return !MentionsKey(target->array(), key) && !MentionsKey(patch, key);
  });
  Array merged;
  if (keys.empty()) {  // a set of plain values
    for (const Array* list : {&patch, &static_cast<const Value*>(target)->array()}) {
      for (const Value& item : *list) {
        if (std::find(merged.begin(), merged.end(), item) == merged.end()) merged.push_back(item);
      }
    }
    *target = Value(std::move(merged));
    return;
  }
  Array old = std::move(target->array());
  for (const Value& change : patch) {
    const auto find = [&](Likeness wanted) {
      return std::find_if(old.begin(), old.end(), [&](const Value& v) { return Compare(v, change, keys) == wanted; });
    };
    auto same = find(Likeness::kSame);
    const bool alike = same == old.end() && (same = find(Likeness::kAlike)) != old.end();
    if (same == old.end()) {
      if (Directive(change) != "delete") merged.push_back(Fresh(change));
      continue;
    }
    Value element = std::move(*same);
    old.erase(same);
    // kustomize takes what is there where it cannot tell whether the patch means it.
    if (alike || MergeInto(&element, change, field.message)) merged.push_back(std::move(element));
  }
  std::move(old.begin(), old.end(), std::back_inserter(merged));
  *target = Value(std::move(merged));
}

}  // namespace

bool MergeInto(Value* target, const Value& patch, const Message* message) {
  const std::string directive = Directive(patch);
  if (directive == "delete") return false;
  if (directive == "replace" || !target->is_object()) {
    *target = Fresh(WithoutDirective(patch));
    return true;
  }
  for (const Member& member : patch.object()) {
    if (member.key == kDirective) continue;
    const Field* field = message == nullptr ? nullptr : message->FindJson(member.key);
    if (member.value.is_null()) {
      target->Erase(member.key);
      continue;
    }
    Value* old = target->Find(member.key);
    if (member.value.is_object()) {
      const Message* below = field == nullptr ? nullptr : field->message;
      if (old == nullptr) {
        if (Directive(member.value) != "delete") target->Set(member.key, Fresh(member.value));
      } else if (!MergeInto(old, member.value, below)) {
        target->Erase(member.key);
      }
      continue;
    }
    const bool merges = field != nullptr && field->is_list() && field->patch_merge && member.value.is_array();
    if (!merges) {
      target->Set(member.key, member.value);
      continue;
    }
    // An element {$patch: replace} or {$patch: delete} without a key speaks of the whole list.
    Array elements;
    bool replaces = false, deletes = false;
    for (const Value& element : member.value.array()) {
      const std::string whole = element.is_object() && element.size() == 1 ? Directive(element) : "";
      replaces |= whole == "replace";
      deletes |= whole == "delete";
      if (whole.empty()) elements.push_back(element);
    }
    if (deletes) {
      target->Erase(member.key);
    } else if (old == nullptr || !old->is_array() || replaces) {
      Value fresh = Value::MakeArray();
      for (const Value& element : elements) {
        if (Directive(element) != "delete") fresh.Append(Fresh(element));
      }
      target->Set(member.key, std::move(fresh));
    } else {
      MergeList(old, elements, *field);
    }
  }
  return true;
}

}  // namespace kubectl::kustomize
