// RFC 6902 with the liberties of upstream's library: they are what clients meet.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "apimachinery/json.h"
#include "apimachinery/patch/patch.h"

namespace apimachinery::patch {
namespace {

constexpr size_t kMaxCopied = 3 << 20;  // upstream's: else some copies of copies fill the memory

absl::Status Refused() {
  return GenericStatus(422, "", "", "", "", "");  // upstream hides the library's text
}

void SortMembers(Value* object) {
  if (!object->is_object()) return;
  Object& members = object->object();
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.key < b.key; });
}

class JsonPatcher {
 public:
  explicit JsonPatcher(Value* root) : root_(*root) {}

  bool Apply(const Value& operation) {
    const std::string op = operation.GetString("op");
    const Value* path = operation.Find("path");
    if (path == nullptr || !path->is_string()) return false;
    const std::string& to = path->as_string();
    const Value* value = operation.Find("value");
    static const Value* const null = new Value;
    if (op == "add") return !to.empty() && Add(to, value != nullptr ? *value : *null);
    if (op == "remove") return Remove(to, nullptr);
    if (op == "replace") return to.empty() ? ReplaceRoot(value) : Replace(to, value != nullptr ? *value : *null);
    if (op == "test") return Test(to, value != nullptr ? *value : *null);
    const Value* from = operation.Find("from");
    if (from == nullptr || !from->is_string()) return false;
    if (op == "move") {
      Value moved;
      return Remove(from->as_string(), &moved) && Add(to, std::move(moved));
    }
    if (op == "copy") {
      Value* container;
      std::string key;
      if (!FindContainer(from->as_string(), &container, &key)) return false;
      const Value* found;
      if (!Get(container, key, &found)) return false;
      if (found != nullptr && (copied_ += WriteJson(*found).size()) > kMaxCopied) return false;
      return Add(to, found != nullptr ? Value(*found) : Value());
    }
    return false;
  }

 private:
  // The container of the last name of a pointer. The first part, before the first '/', does not count.
  bool FindContainer(absl::string_view pointer, Value** container, std::string* key) {
    std::vector<std::string> names = absl::StrSplit(pointer, '/');
    if (names.size() < 2) return false;
    *container = &root_;
    SortMembers(*container);
    for (size_t i = 1; i + 1 < names.size(); ++i) {
      const Value* next;
      if (!Get(*container, Decode(names[i]), &next) || next == nullptr) return false;
      if (!next->is_object() && !next->is_array()) return false;
      *container = const_cast<Value*>(next);
      SortMembers(*container);
    }
    *key = Decode(names.back());
    return true;
  }
  static std::string Decode(const std::string& name) { return absl::StrReplaceAll(name, {{"~1", "/"}, {"~0", "~"}}); }

  // False: not a possible place. *found is nullptr for an absent member.
  static bool Get(Value* container, const std::string& key, const Value** found) {
    *found = nullptr;
    if (container->is_object()) {
      *found = container->Find(key);
      return true;
    }
    int64_t index;
    if (!container->is_array() || !Index(key, &index)) return false;
    const int64_t size = static_cast<int64_t>(container->size());
    if (index < 0) index += size;
    if (index < 0 || index >= size) return false;
    *found = &container->array()[index];
    return true;
  }
  static bool Index(const std::string& key, int64_t* index) {
    return !key.empty() && key[0] != ' ' && absl::SimpleAtoi(key, index);
  }

  bool ReplaceRoot(const Value* value) {
    if (value == nullptr || !(value->is_object() || value->is_array())) return false;
    root_ = *value;
    return true;
  }

  bool Add(absl::string_view pointer, Value value) {
    Value* container;
    std::string key;
    if (!FindContainer(pointer, &container, &key)) return false;
    if (container->is_object()) {
      container->Set(key, std::move(value));
      SortMembers(container);
      return true;
    }
    if (!container->is_array()) return false;
    Array& items = container->array();
    if (key == "-") {
      items.push_back(std::move(value));
      return true;
    }
    int64_t index;
    if (!Index(key, &index)) return false;
    const int64_t size = static_cast<int64_t>(items.size()) + 1;  // after adding
    if (index >= size || index < -size) return false;
    if (index < 0) index += size;
    items.insert(items.begin() + index, std::move(value));
    return true;
  }

  bool Remove(absl::string_view pointer, Value* removed) {
    Value* container;
    std::string key;
    if (!FindContainer(pointer, &container, &key)) return false;
    if (container->is_object()) {
      Value* found = container->Find(key);
      if (found == nullptr) return false;
      if (removed != nullptr) *removed = std::move(*found);
      container->Erase(key);
      return true;
    }
    const Value* found;
    if (!Get(container, key, &found)) return false;
    if (removed != nullptr) *removed = *found;
    Array& items = container->array();
    items.erase(items.begin() + (found - items.data()));
    return true;
  }

  bool Replace(absl::string_view pointer, const Value& value) {
    Value* container;
    std::string key;
    if (!FindContainer(pointer, &container, &key)) return false;
    if (container->is_object()) {  // a member that is absent is added
      container->Set(key, value);
      SortMembers(container);
      return true;
    }
    const Value* found;
    if (!Get(container, key, &found)) return false;
    *const_cast<Value*>(found) = value;
    return true;
  }

  bool Test(absl::string_view pointer, const Value& value) {
    if (pointer.empty()) return false;
    Value* container;
    std::string key;
    if (!FindContainer(pointer, &container, &key)) return false;
    const Value* found;
    if (!Get(container, key, &found)) return false;
    return found == nullptr ? value.is_null() : *found == value;
  }

  Value& root_;
  size_t copied_ = 0;  // bytes as JSON, by all copies so far
};

}  // namespace

absl::StatusOr<Value> ApplyJsonPatch(Value current, const Value& operations) {
  if (operations.is_null()) return current;
  if (!operations.is_array()) return Refused();
  JsonPatcher patcher(&current);
  for (const Value& operation : operations.array()) {
    if (!patcher.Apply(operation)) return Refused();
  }
  return current;
}

namespace {

// What a patch adds has no nulls, at any depth: they delete what is not there. Elements of lists stay.
void PruneNulls(Value* value) {
  if (value->is_array()) {
    for (Value& item : value->array()) PruneNulls(&item);
  }
  if (!value->is_object()) return;
  Object& members = value->object();
  members.erase(std::remove_if(members.begin(), members.end(), [](const Member& m) { return m.value.is_null(); }),
                members.end());
  for (Member& member : members) PruneNulls(&member.value);
  SortMembers(value);
}

}  // namespace

void ApplyMergePatch(Value* target, const Value& patch) {
  if (!patch.is_object() || !target->is_object()) {
    const bool replaced = target->is_object();  // upstream's library takes that one as it is
    *target = patch;
    if (!replaced) PruneNulls(target);
    return;
  }
  for (const Member& member : patch.object()) {
    if (member.value.is_null()) {
      target->Erase(member.key);
    } else {
      ApplyMergePatch(&(*target)[member.key], member.value);
    }
  }
  SortMembers(target);
}

Value CreateMergePatch(const Value& original, const Value& modified) {
  if (!original.is_object() || !modified.is_object()) return modified;
  Value patch = Value::MakeObject();
  for (const Member& member : modified.object()) {
    const Value* before = original.Find(member.key);
    if (before == nullptr) {
      patch.Set(member.key, member.value);
    } else if (before->is_object() && member.value.is_object()) {
      Value nested = CreateMergePatch(*before, member.value);
      if (!nested.empty()) patch.Set(member.key, std::move(nested));
    } else if (!(*before == member.value)) {
      patch.Set(member.key, member.value);
    }
  }
  for (const Member& member : original.object()) {
    if (!modified.Has(member.key)) patch.Set(member.key, Value());
  }
  return patch;
}

namespace {

// Only the deletions of a merge patch, or all but them.
Value FilterNulls(const Value& patch, bool keep_nulls) {
  Value out = Value::MakeObject();
  for (const Member& member : patch.object()) {
    if (member.value.is_null()) {
      if (keep_nulls) out.Set(member.key, Value());
    } else if (member.value.is_object()) {
      Value nested = FilterNulls(member.value, keep_nulls);
      if (!nested.empty() || (!keep_nulls && member.value.empty())) out.Set(member.key, std::move(nested));
    } else if (!keep_nulls) {
      out.Set(member.key, member.value);
    }
  }
  return out;
}

void Combine(Value* into, const Value& patch) {
  for (const Member& member : patch.object()) {
    Value* known = into->Find(member.key);
    if (known != nullptr && known->is_object() && member.value.is_object()) {
      Combine(known, member.value);
    } else {
      into->Set(member.key, member.value);
    }
  }
}

Value ObjectOrEmpty(const Value& value) { return value.is_object() ? value : Value::MakeObject(); }

}  // namespace

Value CreateThreeWayJsonMergePatch(const Value& original, const Value& modified, const Value& current) {
  const Value goal = ObjectOrEmpty(modified);
  Value patch = FilterNulls(CreateMergePatch(ObjectOrEmpty(original), goal), true);
  Combine(&patch, FilterNulls(CreateMergePatch(ObjectOrEmpty(current), goal), false));
  return patch;
}

}  // namespace apimachinery::patch
