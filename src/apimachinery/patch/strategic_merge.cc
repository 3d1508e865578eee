// Carries out strategic merge patches. The order of steps follows upstream's, as the results depend on it.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/patch/patch.h"
#include "apimachinery/patch/strategic.h"

namespace apimachinery::patch {
namespace {

// An error whose text is all that upstream answers, as code 500.
absl::Status Plain(std::string message) {
  ApiStatus status;
  status.code = 500;
  status.message = std::move(message);
  return status;
}
absl::Status BadType(const Value& type, const Value& in) {
  return Plain(absl::StrCat("unknown patch type: ", GoFormatAsText(type), " in map: ", GoFormat(in)));
}
const char* GoTypeWord(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull: return "%!s(<nil>)";
    case Value::Type::kBool: return "bool";
    case Value::Type::kInt: return "int64";
    case Value::Type::kDouble: return "float64";
    case Value::Type::kArray: return "[]interface {}";
    case Value::Type::kObject: return "map[string]interface {}";
    default: return "string";
  }
}
absl::Status BadArgument(const Value& got) {
  return Plain(absl::StrCat("expected a []interface {}, but received a ", GoTypeWord(got)));
}

absl::Status NoObject(const Value& got) {
  return Plain(absl::StrCat("expected a map[string]interface {}, but received a ", GoTypeWord(got)));
}

void DiscardNulls(Value* value) {
  if (value->is_object()) {
    Object& members = value->object();
    members.erase(std::remove_if(members.begin(), members.end(), [](const Member& m) { return m.value.is_null(); }),
                  members.end());
    for (Member& member : members) DiscardNulls(&member.value);
  } else if (value->is_array()) {
    for (Value& item : value->array()) DiscardNulls(&item);
  }
}

// What a patch adds anew has nothing to be directed at: members and elements with $patch are left out, in the patch, too.
// False: that is the value itself. Other directives stay, and are unknown fields then.
bool RemoveDirected(Value* value) {
  if (value->is_object()) {
    if (value->Has(kDirective)) return false;
    Object& members = value->object();
    members.erase(std::remove_if(members.begin(), members.end(), [](Member& m) { return !RemoveDirected(&m.value); }), members.end());
  } else if (value->is_array()) {
    Array& items = value->array();
    items.erase(std::remove_if(items.begin(), items.end(), [](Value& item) { return !RemoveDirected(&item); }), items.end());
  }
  return true;
}

absl::Status RetainKeys(const MergeOptions& options, Value* original, Value* patch) {
  const Value* found = patch->Find(kRetainKeys);
  if (found == nullptr) return absl::OkStatus();
  const Value keys = *found;
  patch->Erase(kRetainKeys);
  if (!options.parallel_lists) {
    const Value* theirs = original->Find(kRetainKeys);
    if (theirs == nullptr) {
      original->Set(kRetainKeys, keys);
    } else if (!(*theirs == keys)) {
      return BadRequest("invalid patch format of retainKeys");
    }
    return absl::OkStatus();
  }
  if (!keys.is_array()) return BadRequest("invalid patch format of retainKeys");
  const auto listed = [&keys](const std::string& key) {
    return std::find(keys.array().begin(), keys.array().end(), Value(key)) != keys.array().end();
  };
  for (const Member& member : patch->object()) {
    if (member.value.is_null() || absl::StartsWith(member.key, kDeleteFromPrimitiveList) ||
        absl::StartsWith(member.key, kSetElementOrder)) {
      continue;
    }
    if (!listed(member.key)) return BadRequest("invalid patch format of retainKeys");
  }
  Object& members = original->object();
  members.erase(std::remove_if(members.begin(), members.end(), [&](const Member& m) { return !listed(m.key); }),
                members.end());
  return absl::OkStatus();
}

// Where `element` stands in `order`, -1 when nowhere.
int IndexIn(absl::string_view merge_key, const Array& order, const Value& element) {
  if (element.is_object() && !merge_key.empty()) {
    const Value* key = element.Find(merge_key);
    return key == nullptr ? -1 : FindByKey(order, merge_key, *key);
  }
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i] == element) return static_cast<int>(i);
  }
  return -1;
}

// Elements that the patch orders keep its order, those only the server has keep theirs, merged as near to where they
// stood as possible.
absl::Status Reorder(absl::string_view merge_key, const Array& patch_order, const Array& server_order, Array* merged) {
  Array patched, server_only;
  for (Value& item : *merged) {
    if (item.is_object() && !merge_key.empty() && !item.Has(merge_key)) return NoMergeKey(item, merge_key);
    (IndexIn(merge_key, patch_order, item) >= 0 ? patched : server_only).push_back(std::move(item));
  }
  if (absl::Status status = SortByOrder(merge_key, patch_order, &patched); !status.ok()) return status;
  if (absl::Status status = SortByOrder(merge_key, server_order, &server_only); !status.ok()) return status;
  Array result;
  size_t left = 0, right = 0;  // server_only, patched
  while (left < server_only.size() || right < patched.size()) {
    bool take_left = right >= patched.size();
    if (!take_left && left < server_only.size()) {
      const int l = IndexIn(merge_key, server_order, server_only[left]);
      const int r = IndexIn(merge_key, server_order, patched[right]);
      take_left = l >= 0 && r >= 0 && l < r;
    }
    result.push_back(std::move(take_left ? server_only[left++] : patched[right++]));
  }
  *merged = std::move(result);
  return absl::OkStatus();
}

void Deduplicate(Array* items) {
  Array unique;
  for (Value& item : *items) {
    if (std::find(unique.begin(), unique.end(), item) == unique.end()) unique.push_back(std::move(item));
  }
  *items = std::move(unique);
}

// The server's list as upstream still sees it after a merge: elements are deleted and appended in the same memory, and
// the order of what comes out depends on it.
class ServerOrder {
 public:
  explicit ServerOrder(const Array& items) : items_(items), size_(items.size()) {}
  void Delete(size_t at) {
    for (size_t i = at; i + 1 < size_; ++i) items_[i] = items_[i + 1];
    --size_;
  }
  void Append(const Value& item) {
    if (size_ < items_.size()) items_[size_] = item;
    ++size_;
  }
  const Array& items() const { return items_; }

 private:
  Array items_;
  size_t size_;
};

// Does to `original` what the elements with $patch say; *plain are the others.
absl::Status SpecialElements(absl::string_view merge_key, Array* original, Array* patch, ServerOrder* server,
                             std::vector<Value*>* plain) {
  bool replace = false;
  for (Value& element : *patch) {
    const Value* directive = element.Find(kDirective);
    if (directive == nullptr) {
      plain->push_back(&element);
    } else if (*directive == Value("delete")) {
      const Value* key = element.Find(merge_key);
      if (key == nullptr) return NoMergeKey(element, merge_key);
      for (int at; (at = FindByKey(*original, merge_key, *key)) >= 0;) {
        original->erase(original->begin() + at);
        if (server != nullptr) server->Delete(static_cast<size_t>(at));
      }
    } else if (*directive == Value("replace")) {
      replace = true;
    } else if (*directive == Value("merge")) {
      return Plain("merging lists cannot yet be specified in the patch");
    } else {
      return BadType(*directive, element);
    }
  }
  if (!replace) return absl::OkStatus();
  original->clear();
  for (const Value* element : *plain) original->push_back(*element);
  plain->clear();
  return absl::OkStatus();
}

// The patch's elements stay where they are, their directives taken out: a refusal quotes the patch like that.
absl::Status MergeList(const PatchMember& member, bool deletion, const MergeOptions& options, Value* original_value,
                       Value* patch_value, ServerOrder* server = nullptr) {
  Array& original = original_value->array();
  Array& patch = patch_value->array();
  if (!member.merge && !deletion) {  // what is to be deleted is deleted, however lists of the field are merged
    *original_value = *patch_value;
    return absl::OkStatus();
  }
  if (original.empty() && patch.empty()) return absl::OkStatus();
  bool objects;
  if (absl::Status status = CheckElements(original, patch, &objects); !status.ok()) return status;
  if (!objects && options.parallel_lists && deletion) {
    original.erase(std::remove_if(original.begin(), original.end(),
                                  [&](const Value& item) { return std::find(patch.begin(), patch.end(), item) != patch.end(); }),
                   original.end());
    return absl::OkStatus();
  }
  if (!objects) {
    const Array server_order = original;
    original.insert(original.end(), patch.begin(), patch.end());
    Deduplicate(&original);
    return Reorder("", patch, server_order, &original);
  }
  if (member.merge_key.empty()) {
    return Plain(absl::StrCat("cannot merge lists without merge key for ",
                              member.type.message != nullptr ? member.type.message->go_name : ""));
  }
  std::vector<Value*> elements;
  if (absl::Status status = SpecialElements(member.merge_key, &original, &patch, server, &elements); !status.ok()) {
    return status;
  }
  Array patch_order;
  const Array server_order = original;
  for (Value* element : elements) {
    const Value* key = element->Find(member.merge_key);
    if (key == nullptr) return NoMergeKey(*element, member.merge_key);
    Value identity = Value::MakeObject();
    identity.Set(member.merge_key, *key);
    patch_order.push_back(std::move(identity));
    const int at = FindByKey(original, member.merge_key, *key);
    if (at < 0) {
      original.push_back(*element);
      if (server != nullptr) server->Append(*element);
      continue;
    }
    if (absl::Status status = MergeObjects(member.type, options, &original[at], element); !status.ok()) return status;
  }
  return Reorder(member.merge_key, patch_order, server_order, &original);
}

// The patch's list may name its elements only in the order of the directive's list.
absl::Status CheckOrder(absl::string_view merge_key, const Array* patch, const Array& order) {
  if (patch == nullptr || order.empty()) return absl::OkStatus();
  Array wanted;
  for (const Value& item : *patch) {
    if (item.GetString(kDirective) == "delete") continue;
    wanted.push_back(item);
  }
  size_t at = 0;
  for (const Value& item : wanted) {
    // A directive takes no place, but must not come after the last one.
    bool found = item.Has(kDirective) && at < order.size();
    for (; at < order.size() && !found; ++at) {
      if (merge_key.empty()) {
        found = order[at] == item;
      } else {
        if (item.Has(kDirective)) continue;
        if (!item.is_object()) return NoObject(item);
        if (!order[at].is_object()) return NoObject(order[at]);
        const Value* right = item.Find(merge_key);
        if (right == nullptr) return NoMergeKey(item, merge_key);
        const Value* left = order[at].Find(merge_key);
        if (left == nullptr) return NoMergeKey(order[at], merge_key);
        found = left != nullptr && right != nullptr && *left == *right;
      }
    }
    if (found) continue;
    Value patch_list(*patch), order_list(order);
    return Plain(absl::StrCat("The order in patch list:\n", GoFormat(patch_list), "\n doesn't match $setElementOrder list:\n",
                              GoFormat(order_list), "\n"));
  }
  return absl::OkStatus();
}

absl::Status OrderedLists(const TypePlace& type, const MergeOptions& options, Value* original, Value* patch) {
  std::vector<std::string> keys;
  for (const Member& member : patch->object()) {
    if (absl::StartsWith(member.key, kSetElementOrder)) keys.push_back(member.key);
  }
  std::sort(keys.begin(), keys.end());
  for (const std::string& directive : keys) {
    const Value order = *patch->Find(directive);
    if (!options.parallel_lists) {
      const Value* theirs = original->Find(directive);
      if (theirs == nullptr) {
        original->Set(directive, order);
      } else if (!(*theirs == order)) {
        return BadRequest("invalid patch format of setElementOrder list");
      }
    }
    patch->Erase(directive);
    if (!order.is_array()) return BadArgument(order);
    const std::string name = directive.substr(kSetElementOrder.size());
    Value* in_original = original->Find(name);
    Value* in_patch = patch->Find(name);
    if (in_original != nullptr && !in_original->is_array()) return BadArgument(*in_original);
    if (in_patch != nullptr && !in_patch->is_array()) return BadArgument(*in_patch);
    absl::StatusOr<PatchMember> member = LookupMember(type, name, true);
    if (!member.ok()) return member.status();
    absl::Status checked = CheckOrder(member->merge_key, in_patch != nullptr ? &in_patch->array() : nullptr, order.array());
    if (!checked.ok()) return checked;
    if (in_original == nullptr && in_patch == nullptr) continue;
    ServerOrder server(in_original != nullptr ? in_original->array() : Array());
    Value merged;
    if (in_patch == nullptr) {
      merged = *in_original;
    } else if (in_original == nullptr) {
      merged = *in_patch;
      RemoveDirected(&merged);
    } else {
      merged = *in_original;
      absl::Status status = MergeList(*member, false, options, &merged, in_patch, &server);
      if (!status.ok()) return status;
    }
    bool objects;
    if (absl::Status status = CheckElements(server.items(), merged.array(), &objects); !status.ok()) return status;
    absl::Status status = Reorder(member->merge_key, order.array(), server.items(), &merged.array());
    if (!status.ok()) return status;
    original->Set(name, std::move(merged));
    patch->Erase(name);
  }
  return absl::OkStatus();
}

bool SameType(const Value& a, const Value& b) {
  return a.type() == b.type();
}

}  // namespace

absl::Status NoMergeKey(const Value& element, absl::string_view key) {
  return Plain(absl::StrCat("map: ", GoFormat(element), " does not contain declared merge key: ", key));
}

int FindByKey(const Array& items, absl::string_view key, const Value& value) {
  for (size_t i = 0; i < items.size(); ++i) {
    const Value* found = items[i].Find(key);
    if (found != nullptr && *found == value) return static_cast<int>(i);
  }
  return -1;
}

absl::Status CheckElements(const Array& a, const Array& b, bool* objects) {
  const Value* first = nullptr;
  for (const Array* list : {&a, &b}) {
    for (const Value& item : *list) {
      if (first == nullptr) first = &item;
      if (SameType(*first, item)) continue;
      Value lists = Value::MakeArray();
      lists.Append(Value(a));
      lists.Append(Value(b));
      return Plain(absl::StrCat("list element types are not identical: ", GoFormat(lists)));
    }
  }
  *objects = first != nullptr && first->is_object();
  if (first != nullptr && first->is_array()) return GenericStatus(422, "", "", "", "", "").ToStatus();
  return absl::OkStatus();
}

absl::Status SortByOrder(absl::string_view merge_key, const Array& order, Array* items) {
  Array deletions, sorted;
  std::vector<std::pair<int, Value>> keyed;
  for (Value& item : *items) {
    if (item.is_object() && item.GetString(kDirective) == "delete") {
      deletions.push_back(std::move(item));
      continue;
    }
    keyed.emplace_back(IndexIn(merge_key, order, item), std::move(item));
  }
  std::stable_sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) {
    return a.first >= 0 && b.first >= 0 && a.first < b.first;
  });
  for (auto& [place, item] : keyed) sorted.push_back(std::move(item));
  for (Value& item : deletions) sorted.push_back(std::move(item));
  *items = std::move(sorted);
  return absl::OkStatus();
}

absl::StatusOr<PatchMember> LookupMember(const TypePlace& type, absl::string_view key, bool list) {
  if (type.message == nullptr) {
    return Plain(absl::StrCat("merging an object in json but data type is not struct, instead is: ", type.go_kind));
  }
  const Field* field = type.message->FindJson(key);
  if (field == nullptr || (type.message->shape != Shape::kStruct)) {
    return Plain(absl::StrCat("unable to find api field in struct ", type.message->go_name, " for the json field ",
                              GoQuote(key)));
  }
  PatchMember member;
  member.merge = field->patch_merge;
  member.replace = field->patch_replace;
  member.retain_keys = field->patch_retain_keys;
  member.merge_key = field->patch_merge_key;
  if (field->is_map() && !list) {
    member.type.go_kind = "map";
  } else if (field->type == FieldType::kMessage) {
    member.type.message = field->message;
  } else {
    member.type.go_kind = field->type == FieldType::kString ? "string" : "int";
  }
  return member;
}

absl::Status MergeObjects(const TypePlace& type, const MergeOptions& options, Value* original, Value* patch) {
  if (const Value* directive = patch->Find(kDirective)) {
    if (*directive == Value("replace")) {
      patch->Erase(kDirective);
      *original = *patch;
    } else if (*directive == Value("delete")) {
      *original = Value::MakeObject();
    } else {
      return BadType(*directive, *patch);
    }
    return absl::OkStatus();
  }
  if (absl::Status status = RetainKeys(options, original, patch); !status.ok()) return status;
  if (absl::Status status = OrderedLists(type, options, original, patch); !status.ok()) return status;
  for (Member& entry : patch->object()) {
    std::string key = entry.key;
    bool deletion = false;
    if (absl::StartsWith(key, kDeleteFromPrimitiveList)) {
      if (!options.parallel_lists) {
        original->Set(key, entry.value);
        continue;
      }
      key = key.substr(kDeleteFromPrimitiveList.size());
      deletion = true;
    }
    if (entry.value.is_null()) {
      original->Erase(key);
      if (options.ignore_unmatched_nulls) continue;
    }
    Value* mine = original->Find(key);
    if (mine == nullptr || !SameType(*mine, entry.value)) {
      if (deletion) continue;
      if (options.ignore_unmatched_nulls) DiscardNulls(&entry.value);
      Value added = entry.value;
      if (RemoveDirected(&added)) {
        original->Set(key, std::move(added));
      } else {
        original->Erase(key);
      }
      continue;
    }
    if (entry.value.is_object()) {
      absl::StatusOr<PatchMember> member = LookupMember(type, key, false);
      if (!member.ok()) return member.status();
      if (member->replace) {
        *mine = entry.value;
        continue;
      }
      absl::Status status = MergeObjects(member->type, options, mine, &entry.value);
      if (!status.ok()) return status;
    } else if (entry.value.is_array()) {
      absl::StatusOr<PatchMember> member = LookupMember(type, key, true);
      if (!member.ok()) return member.status();
      absl::Status status = MergeList(*member, deletion, options, mine, &entry.value);
      if (!status.ok()) return status;
    } else {
      *mine = entry.value;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Value> ApplyStrategicMergePatch(const Message& message, Value current, Value* patch) {
  if (patch->is_null()) return current;
  TypePlace type;
  type.message = &message;
  if (absl::Status status = MergeObjects(type, MergeOptions(), &current, patch); !status.ok()) return status;
  return current;
}

}  // namespace apimachinery::patch
