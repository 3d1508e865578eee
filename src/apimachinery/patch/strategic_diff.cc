// Makes strategic merge patches from objects: what kubectl apply and edit send.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/patch/patch.h"
#include "apimachinery/patch/strategic.h"

namespace apimachinery::patch {
namespace {

struct DiffOptions {
  bool set_element_order = false;
  bool ignore_changes_and_additions = false;
  bool ignore_deletions = false;
  bool build_retain_keys = false;
};

absl::StatusOr<Value> Diff(const TypePlace& type, const Value& original, const Value& modified, DiffOptions options);

std::string SortText(const Value& value) { return GoFormat(value); }

// Elements in the order of their merge keys' texts.
absl::Status SortedByKey(absl::string_view key, const Array& items, std::vector<std::pair<std::string, const Value*>>* out) {
  for (const Value& item : items) {
    const Value* value = item.Find(key);
    if (value == nullptr) return NoMergeKey(item, key);
    out->emplace_back(SortText(*value), &item);
  }
  std::stable_sort(out->begin(), out->end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return absl::OkStatus();
}

struct ListDiff {
  Array changes;
  Array deletions;  // of scalars
  Array order;
};

absl::Status DiffObjects(const PatchMember& member, const Array& original, const Array& modified,
                         const DiffOptions& options, ListDiff* result) {
  std::vector<std::pair<std::string, const Value*>> before, after;
  if (absl::Status status = SortedByKey(member.merge_key, original, &before); !status.ok()) return status;
  if (absl::Status status = SortedByKey(member.merge_key, modified, &after); !status.ok()) return status;
  Array deletions;
  for (size_t i = 0, j = 0; i < before.size() || j < after.size();) {
    if (i < before.size() && j < after.size() && before[i].first == after[j].first) {
      absl::StatusOr<Value> patch = Diff(member.type, *before[i].second, *after[j].second, options);
      if (!patch.ok()) return patch.status();
      if (!patch->empty()) {
        patch->Set(member.merge_key, *after[j].second->Find(member.merge_key));
        result->changes.push_back(*std::move(patch));
      }
      ++i;
      ++j;
    } else if (j < after.size() && (i >= before.size() || after[j].first < before[i].first)) {
      if (!options.ignore_changes_and_additions) result->changes.push_back(*after[j].second);
      ++j;
    } else {
      if (!options.ignore_deletions) {
        Value deletion = Value::MakeObject();
        deletion.Set(kDirective, "delete");
        deletion.Set(member.merge_key, *before[i].second->Find(member.merge_key));
        deletions.push_back(std::move(deletion));
      }
      ++i;
    }
  }
  if (absl::Status status = SortByOrder(member.merge_key, modified, &result->changes); !status.ok()) return status;
  bool same_order = original.size() == modified.size();
  for (size_t i = 0; same_order && i < original.size(); ++i) {
    same_order = *original[i].Find(member.merge_key) == *modified[i].Find(member.merge_key);
  }
  for (Value& deletion : deletions) result->changes.push_back(std::move(deletion));
  const bool changed = !result->changes.empty();
  if (options.set_element_order && ((!options.ignore_changes_and_additions && (changed || !same_order)) ||
                                    (!options.ignore_deletions && changed))) {
    for (const Value& item : modified) {
      Value key = Value::MakeObject();
      key.Set(member.merge_key, *item.Find(member.merge_key));
      result->order.push_back(std::move(key));
    }
  }
  return absl::OkStatus();
}

void DiffScalars(const Array& original, const Array& modified, const DiffOptions& options, ListDiff* result) {
  const auto sorted = [](const Array& items) {
    Array copy = items;
    std::stable_sort(copy.begin(), copy.end(), [](const Value& a, const Value& b) { return SortText(a) < SortText(b); });
    return copy;
  };
  const Array before = sorted(original), after = sorted(modified);
  for (size_t i = 0, j = 0; i < before.size() || j < after.size();) {
    const bool both = i < before.size() && j < after.size();
    if (both && SortText(before[i]) == SortText(after[j])) {
      ++i;
      ++j;
    } else if (j < after.size() && (!both || SortText(after[j]) < SortText(before[i]))) {
      if (!options.ignore_changes_and_additions) result->changes.push_back(after[j]);
      ++j;
    } else {
      const bool known = std::find(result->deletions.begin(), result->deletions.end(), before[i]) != result->deletions.end();
      if (!options.ignore_deletions && !known) result->deletions.push_back(before[i]);
      ++i;
    }
  }
  SortByOrder("", modified, &result->changes).IgnoreError();
  if (options.set_element_order && ((!options.ignore_deletions && !result->deletions.empty()) ||
                                    (!options.ignore_changes_and_additions && !(Value(original) == Value(modified))))) {
    result->order = modified;
  }
}

absl::Status DiffList(const TypePlace& type, const std::string& key, const Value& original, const Value& modified,
                      DiffOptions options, Value* patch) {
  absl::StatusOr<PatchMember> member = LookupMember(type, key, true);
  if (!member.ok()) return original == modified ? absl::OkStatus() : member.status();
  if (!member->merge) {
    if (!(original == modified) && !options.ignore_changes_and_additions) patch->Set(key, modified);
    return absl::OkStatus();
  }
  options.build_retain_keys = member->retain_keys;
  if (original.empty()) {
    if (!modified.empty() && !options.ignore_changes_and_additions) patch->Set(key, modified);
    return absl::OkStatus();
  }
  bool objects;
  if (absl::Status status = CheckElements(original.array(), modified.array(), &objects); !status.ok()) return status;
  ListDiff diff;
  if (objects) {
    absl::Status status = DiffObjects(*member, original.array(), modified.array(), options, &diff);
    if (!status.ok()) return status;
  } else {
    DiffScalars(original.array(), modified.array(), options, &diff);
  }
  if (!diff.changes.empty()) patch->Set(key, Value(std::move(diff.changes)));
  if (!diff.deletions.empty()) patch->Set(absl::StrCat(kDeleteFromPrimitiveList, key), Value(std::move(diff.deletions)));
  if (!diff.order.empty()) patch->Set(absl::StrCat(kSetElementOrder, key), Value(std::move(diff.order)));
  return absl::OkStatus();
}

absl::Status DiffMap(const TypePlace& type, const std::string& key, const Value& original, const Value& modified,
                     DiffOptions options, Value* patch) {
  absl::StatusOr<PatchMember> member = LookupMember(type, key, false);
  if (!member.ok()) return original == modified ? absl::OkStatus() : member.status();
  if (member->replace) {
    if (!options.ignore_changes_and_additions) patch->Set(key, modified);
    return absl::OkStatus();
  }
  options.build_retain_keys = member->retain_keys;
  absl::StatusOr<Value> nested = Diff(member->type, original, modified, options);
  if (!nested.ok()) return nested.status();
  if (!nested->empty()) patch->Set(key, *std::move(nested));
  return absl::OkStatus();
}

absl::StatusOr<Value> Diff(const TypePlace& type, const Value& original, const Value& modified, DiffOptions options) {
  Value patch = Value::MakeObject();
  Array retained;
  for (const Member& member : modified.object()) {
    if (options.build_retain_keys && !member.value.is_null()) retained.push_back(Value(member.key));
    const Value* before = original.Find(member.key);
    if (before == nullptr || before->type() != member.value.type()) {
      if (!options.ignore_changes_and_additions) patch.Set(member.key, member.value);
      continue;
    }
    absl::Status status;
    if (member.value.is_object()) {
      status = DiffMap(type, member.key, *before, member.value, options, &patch);
    } else if (member.value.is_array()) {
      status = DiffList(type, member.key, *before, member.value, options, &patch);
    } else if (!(*before == member.value) && !options.ignore_changes_and_additions) {
      patch.Set(member.key, member.value);
    }
    if (!status.ok()) return status;
  }
  bool cleared = false;
  for (const Member& member : original.object()) {
    if (modified.Has(member.key)) continue;
    cleared = true;
    if (!options.ignore_deletions) patch.Set(member.key, Value());
  }
  if (!retained.empty() && (!patch.empty() || cleared)) {
    std::sort(retained.begin(), retained.end(), [](const Value& a, const Value& b) { return a.as_string() < b.as_string(); });
    patch.Set(kRetainKeys, Value(std::move(retained)));
  }
  return patch;
}

const Value& OrEmpty(const Value& value) {
  static const Value* const empty = new Value(Value::MakeObject());
  return value.is_object() ? value : *empty;
}

}  // namespace

absl::StatusOr<Value> CreateTwoWayMergePatch(const Message& message, const Value& original, const Value& modified) {
  TypePlace type;
  type.message = &message;
  DiffOptions options;
  options.set_element_order = true;
  return Diff(type, OrEmpty(original), OrEmpty(modified), options);
}

absl::StatusOr<Value> CreateThreeWayMergePatch(const Message& message, const Value& original, const Value& modified,
                                               const Value& current) {
  TypePlace type;
  type.message = &message;
  DiffOptions delta_options;
  delta_options.ignore_deletions = true;
  delta_options.set_element_order = true;
  absl::StatusOr<Value> delta = Diff(type, OrEmpty(current), OrEmpty(modified), delta_options);
  if (!delta.ok()) return delta;
  DiffOptions deletion_options;
  deletion_options.ignore_changes_and_additions = true;
  deletion_options.set_element_order = true;
  absl::StatusOr<Value> patch = Diff(type, OrEmpty(original), OrEmpty(modified), deletion_options);
  if (!patch.ok()) return patch;
  MergeOptions options;
  options.parallel_lists = false;
  options.ignore_unmatched_nulls = false;
  if (absl::Status status = MergeObjects(type, options, &*patch, &*delta); !status.ok()) return status;
  return patch;
}

}  // namespace apimachinery::patch
