#include "apimachinery/apply/apply.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/api_error.h"
#include "apimachinery/apply/managed_fields.h"
#include "apimachinery/apply/structure.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"

namespace apimachinery::apply {
namespace {

constexpr size_t kMaxUpdateManagers = 10;

// No one owns what identifies an object, or what only the server writes.
const FieldSet& NeverOwned() {
  static const FieldSet* const set = [] {
    auto* fields = new FieldSet;
    for (const char* path : {"apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace",
                             "metadata.creationTimestamp", "metadata.selfLink", "metadata.uid", "metadata.clusterName",
                             "metadata.generation", "metadata.managedFields", "metadata.resourceVersion"}) {
      fields->Unite(FieldSet::OfDotted(path));
    }
    return fields;
  }();
  return *set;
}

FieldSet WithoutReset(FieldSet set, const Manager& manager) {
  if (set.Empty()) return set;
  for (const std::string& path : manager.reset_fields) set.SubtractRecursively(FieldSet::OfDotted(path));
  return set;
}

// What a new object of the type looks like.
Value Blank(const Manager& manager, const Value& like) {
  Value blank = Value::MakeObject();
  for (const char* name : {"kind", "apiVersion"}) {
    if (const Value* value = like.Find(name)) blank.Set(name, *value);
  }
  if (!blank.Has("apiVersion")) blank.Set("apiVersion", manager.api_version);
  return blank;
}

// A copy that leaves out what is large and not wanted.
Value WithoutManagedFields(const Value& object) {
  Value copy = Value::MakeObject();
  copy.object().reserve(object.size());
  for (const Member& member : object.object()) {
    if (member.key != "metadata" || !member.value.is_object()) {
      copy.object().push_back(member);
      continue;
    }
    Value metadata = Value::MakeObject();
    metadata.object().reserve(member.value.size());
    for (const Member& inner : member.value.object()) {
      if (inner.key != "managedFields") metadata.object().push_back(inner);
    }
    copy.object().push_back({member.key, std::move(metadata)});
  }
  return copy;
}

struct Conflict {
  ManagerId manager;
  std::string path;
};

absl::Status ConflictError(const std::vector<Conflict>& conflicts) {
  std::vector<StatusCause> causes;
  for (const Conflict& conflict : conflicts) {
    causes.push_back({"FieldManagerConflict", absl::StrCat("conflict with ", conflict.manager.ToString()), conflict.path});
  }
  if (conflicts.size() == 1) {
    return ApplyConflict(std::move(causes), absl::StrCat("Apply failed with 1 conflict: conflict with ",
                                                         conflicts[0].manager.ToString(), ": ", conflicts[0].path));
  }
  std::vector<std::string> messages;
  for (size_t i = 0; i < conflicts.size(); ++i) {  // grouped: they come manager by manager
    if (i == 0 || !(conflicts[i].manager == conflicts[i - 1].manager)) {
      messages.push_back(absl::StrCat("conflicts with ", conflicts[i].manager.ToString(), ":"));
    }
    absl::StrAppend(&messages.back(), "\n- ", conflicts[i].path);
  }
  return ApplyConflict(std::move(causes), absl::StrCat("Apply failed with ", conflicts.size(), " conflicts: ",
                                                       absl::StrJoin(messages, "\n")));
}

// A change of an object as it looks in each version that managers speak of.
class Changes {
 public:
  // All outlive it.
  Changes(const Comparison& own, const Manager& manager, const Value& before, const Value& after)
      : own_(own), manager_(manager), before_(before), after_(after) {}

  const Comparison& In(const std::string& version) {
    if (version == manager_.api_version || !manager_.convert) return own_;
    const auto [at, fresh] = others_.try_emplace(version);
    if (!fresh) return at->second;
    Value before = before_, after = after_;
    const Message* type = manager_.convert(version, &before);
    if (type == nullptr || manager_.convert(version, &after) == nullptr) return at->second = own_;
    Comparison change = Compare(Structure::OfObject(type), before, after);
    for (FieldSet* set : {&change.added, &change.modified, &change.removed}) *set = WithoutReset(std::move(*set), manager_);
    return at->second = std::move(change);
  }

 private:
  const Comparison& own_;
  const Manager& manager_;
  const Value &before_, &after_;
  std::map<std::string, Comparison> others_;
};

// Takes from all managers but `self` what a change touches.
absl::Status TakeOver(Changes& changes, const ManagerId* self, bool force, ManagedFields* managed) {
  std::vector<Conflict> conflicts;
  for (const auto& [id, owned] : *managed) {
    if (force) break;
    if (self != nullptr && id == *self) continue;
    const Comparison& change = changes.In(owned.api_version);
    FieldSet written = change.modified;
    written.Unite(change.added);
    owned.fields.Intersect(written).ForEach([&, &id = id](const Path& path) { conflicts.push_back({id, PathText(path)}); });
  }
  if (!conflicts.empty()) return ConflictError(conflicts);
  for (auto it = managed->begin(); it != managed->end();) {
    if (self == nullptr || !(it->first == *self)) {
      const Comparison& change = changes.In(it->second.api_version);
      for (const FieldSet* set : {&change.modified, &change.added, &change.removed}) it->second.fields.Subtract(*set);
    }
    it = it->second.fields.Empty() ? managed->erase(it) : std::next(it);
  }
  return absl::OkStatus();
}

// The oldest updaters are folded into one when there are too many.
void CapManagers(ManagedFields* managed) {
  std::vector<ManagerId> updaters;
  for (const auto& [id, owned] : *managed) {
    if (!id.applied()) updaters.push_back(id);
  }
  if (updaters.size() <= kMaxUpdateManagers) return;
  std::sort(updaters.begin(), updaters.end(), [&](const ManagerId& a, const ManagerId& b) {
    const std::string& left = managed->at(a).time;
    const std::string& right = managed->at(b).time;
    return left != right ? left < right : a.name < b.name;
  });
  size_t count = updaters.size();
  std::map<std::string, ManagerId> buckets;  // by version
  for (const ManagerId& id : updaters) {
    if (count <= kMaxUpdateManagers) return;
    const auto bucket = buckets.find(id.api_version);
    if (bucket == buckets.end()) {  // the first of a version becomes the bucket
      ManagerId ancient{"ancient-changes", "Update", id.api_version, ""};
      Owned owned = std::move(managed->at(id));
      managed->erase(id);
      if (managed->count(ancient) > 0) {
        owned.fields.Unite(managed->at(ancient).fields);
        --count;
      }
      (*managed)[ancient] = std::move(owned);
      buckets.emplace(id.api_version, ancient);
      continue;
    }
    if (id == bucket->second) continue;
    Owned& into = managed->at(bucket->second);
    into.fields.Unite(managed->at(id).fields);
    into.time = std::max(into.time, managed->at(id).time);
    managed->erase(id);
    --count;
  }
}

absl::string_view GroupOf(absl::string_view api_version) {
  const size_t slash = api_version.find('/');
  return slash == absl::string_view::npos ? absl::string_view() : api_version.substr(0, slash);
}

// Managers of versions that the kind does not have in this group are forgotten.
void ForgetUnknownVersions(const ObjectType& type, const Value& object, absl::string_view version, ManagedFields* managed) {
  if (type.message == nullptr) return;
  const std::string kind = object.GetString("kind");
  for (auto it = managed->begin(); it != managed->end();) {
    const std::string& theirs = it->second.api_version;
    const bool unknown =
        theirs != version && (GroupOf(theirs) != GroupOf(version) || Schema::Builtin().FindKind(theirs, kind) == nullptr);
    it = unknown ? managed->erase(it) : std::next(it);
  }
}

// An update by `id`: `before` became `after`. False: one of them cannot be compared.
bool RecordUpdate(const Structure& type, const Value& before, const Value& after, const Manager& manager,
                  const ManagerId& id, ManagedFields* managed) {
  Comparison change = Compare(type, before, after);
  if (change.keyless) return false;
  change.added = WithoutReset(std::move(change.added), manager);
  change.modified = WithoutReset(std::move(change.modified), manager);
  change.removed = WithoutReset(std::move(change.removed), manager);
  Changes changes(change, manager, before, after);
  TakeOver(changes, nullptr, true, managed).IgnoreError();
  FieldSet taken = std::move(change.modified);
  if (taken.Empty()) {
    taken = std::move(change.added);
  } else {
    taken.Unite(change.added);
  }
  taken.Subtract(NeverOwned());
  if (taken.Empty()) return true;
  Owned& owned = (*managed)[id];
  if (owned.fields.Empty()) {
    owned.fields = std::move(taken);
  } else {
    owned.fields.Unite(taken);
  }
  owned.api_version = manager.api_version;
  owned.time = manager.time;
  return true;
}

// What the request itself says about owners; nullopt-like false when it says nothing.
bool OwnersOfRequest(const Value& updated, const Manager& manager, ManagedFields* managed) {
  const Value* metadata = updated.Find("metadata");
  const Value* list = metadata == nullptr ? nullptr : metadata->FindSet("managedFields");
  if (!manager.subresource.empty() || list == nullptr) return false;
  if (list->is_hollow()) return true;  // reset
  if (!list->is_array() || list->empty()) return false;
  if (list->size() == 1 && list->array()[0].empty()) return true;  // reset
  return ParseManagedFields(list, managed);
}

// Drops from `merged` what this manager owned before, neither applies now nor shares with others.
void Prune(const Structure& type, const FieldSet& last, const ManagedFields& managed, Value* merged) {
  if (last.Empty()) return;
  Value pruned = *merged;
  Remove(type, WithNamedParents(type, last), &pruned);
  FieldSet owned;
  for (const auto& [id, entry] : managed) owned.Unite(entry.fields);
  const FieldSet merged_set = WithNamedParents(type, FieldsOf(type, *merged));
  // Back comes what someone owns.
  FieldSet keep = WithNamedParents(type, FieldsOf(type, pruned));
  keep.Unite(WithNamedParents(type, owned));
  Value with_owned = *merged;
  Remove(type, merged_set.Minus(keep), &with_owned);
  // And what was not this manager's in the first place.
  const FieldSet gone = merged_set.Minus(WithNamedParents(type, FieldsOf(type, with_owned)))
                            .Intersect(WithNamedParents(type, last));
  Remove(type, gone, merged);
}

// Whether a configuration says who manages what. What is no list of entries says nothing: the type check finds it.
bool GivesManagers(const Value* list) {
  if (list == nullptr || !list->is_array()) return false;
  static const Message* const entry = Schema::Builtin().FindMessage("meta.v1.ManagedFieldsEntry");
  DecodeOptions options;
  options.strict = false;
  options.converting = true;
  return std::all_of(list->array().begin(), list->array().end(), [&options](const Value& item) {
    return item.is_object() && DecodeTree(*entry, item, options).ok();
  });
}

std::string KindText(const Value& object) {
  const std::string api_version = object.GetString("apiVersion");
  const size_t slash = api_version.find('/');
  const std::string group_version = slash == std::string::npos ? absl::StrCat("/", api_version) : api_version;
  return absl::StrCat(api_version.empty() ? "/" : group_version, ", Kind=", object.GetString("kind"));
}

}  // namespace

Value TrackUpdate(const ObjectType& type, const Value& live, Value updated, const Manager& manager) {
  ManagedFields managed;
  if (!OwnersOfRequest(updated, manager, &managed)) {
    managed.clear();
    if (!ParseManagedFields(live.At("metadata.managedFields"), &managed)) managed.clear();
  }
  updated.EraseAt("metadata.managedFields");
  if (managed.empty() && !live.is_null()) return updated;  // not tracked so far
  const ManagerId id{manager.name, "Update", manager.api_version, manager.subresource};
  const Value before = live.is_null() ? Blank(manager, updated) : WithoutManagedFields(live);
  const Structure structure = Structure::OfRoot(type);
  // What is of another type than its schema says cannot be told apart: better no owners than wrong ones. That counts for
  // parts that this request cannot change, too.
  if (type.message == nullptr && (!Check(structure, updated, true).empty() || !Check(structure, before, true).empty())) {
    return updated;
  }
  ForgetUnknownVersions(type, updated, manager.api_version, &managed);
  if (!RecordUpdate(structure, before, updated, manager, id, &managed)) return updated;
  CapManagers(&managed);
  WriteManagedFields(managed, &updated);
  return updated;
}

absl::StatusOr<Value> Apply(const ObjectType& type, const Value& live, const Value& applied, const Manager& manager,
                            bool force) {
  if (GivesManagers(applied.At("metadata.managedFields"))) return BadRequest(kManagersGiven);
  const Structure structure = Structure::OfRoot(type);
  if (const std::vector<std::string> problems = Check(structure, applied); !problems.empty()) {
    ApiStatus status;
    status.code = 500;
    status.message = absl::StrCat(
        "failed to create typed patch object (", applied.GetString("metadata.namespace"), "/",
        applied.GetString("metadata.name"), "; ", KindText(applied), "): ",
        problems.size() == 1 ? problems[0] : absl::StrCat("errors:\n  ", absl::StrJoin(problems, "\n  ")));
    return status.ToStatus();
  }
  const bool create = live.is_null();
  const Value before = create ? Blank(manager, applied) : WithoutManagedFields(live);
  ManagedFields managed;
  if (!create && !ParseManagedFields(live.At("metadata.managedFields"), &managed)) managed.clear();
  if (!create && managed.empty()) {  // whatever is there was put there before
    const ManagerId id{"before-first-apply", "Update", manager.api_version, manager.subresource};
    RecordUpdate(structure, Blank(manager, before), before, manager, id, &managed);
  }

  ForgetUnknownVersions(type, applied, manager.api_version, &managed);
  const ManagerId id{manager.name, "Apply", "", manager.subresource};
  Value merged = Merge(structure, before, applied);
  const FieldSet last = managed.count(id) > 0 ? managed.at(id).fields : FieldSet();
  Owned& mine = managed[id];
  mine.fields = WithoutReset(FieldsOf(structure, applied), manager);
  mine.api_version = manager.api_version;
  Prune(structure, last, managed, &merged);
  Comparison change = Compare(structure, before, merged);
  if (!create) AddUnsaid(structure, before, applied, &change.modified);
  // Fields that are reset count here all the same, as upstream has it.
  const bool changed = !change.added.Empty() || !change.modified.Empty() || !change.removed.Empty();
  for (FieldSet* set : {&change.added, &change.modified, &change.removed}) *set = WithoutReset(std::move(*set), manager);
  Changes changes(change, manager, before, merged);
  if (absl::Status status = TakeOver(changes, &id, force, &managed); !status.ok()) return status;
  if (const auto entry = managed.find(id); entry != managed.end()) {  // only now: pruning needs to know of the name
    entry->second.fields.Subtract(NeverOwned());
    if (entry->second.fields.Empty()) managed.erase(entry);
  }

  if (!create && !changed) {  // the object stays as it is, to the byte
    merged = before;
  } else if (type.message != nullptr) {
    // Free JSON has been through a tree upstream: its text is made anew.
    if (!VerbatimMembers(*type.message).empty()) SortKeys(&merged);
    DecodeOptions options;
    options.strict = false;
    options.converting = true;
    absl::StatusOr<Decoded> decoded = DecodeTree(*type.message, std::move(merged), options);
    if (!decoded.ok()) return BadRequest(decoded.status().message());
    merged = std::move(decoded->value);
  }
  if (const auto entry = managed.find(id); entry != managed.end() && changed) entry->second.time = manager.time;
  WriteManagedFields(managed, &merged);
  return merged;
}

namespace {

// Two objects, but for the member `skip`, which `inner` looks at (nullptr: absent).
template <typename Inner>
bool EqualBut(const Value& a, const Value& b, absl::string_view skip, Inner inner) {
  if (!a.is_object() || !b.is_object()) return a == b;
  const Value *left = a.Find(skip), *right = b.Find(skip);
  if (!inner(left, right)) return false;
  static const Value unset;
  const auto missing = [](const Value& value) {  // what does not count as absent
    return (value.is_null() && !value.is_hollow()) || !(value == unset);
  };
  size_t shared = 0;
  for (const Member& member : a.object()) {
    const Value* twin = b.FindSet(member.key);
    if (twin != nullptr) ++shared;
    if (member.key == skip) continue;
    if (twin == nullptr ? missing(member.value) : !(member.value == *twin)) return false;
  }
  if (shared == b.size()) return true;
  for (const Member& member : b.object()) {
    if (member.key != skip && a.FindSet(member.key) == nullptr && missing(member.value)) return false;
  }
  return true;
}

}  // namespace

namespace {

// Owned fields are text in trees of our making and of stored messages, and members in those read from JSON.
bool SameFields(const Value& a, const Value& b) {
  if (a.is_raw() == b.is_raw()) return a == b;
  const auto parsed = ParseJson(a.is_raw() ? a.as_string() : b.as_string());
  return parsed.ok() && *parsed == (a.is_raw() ? b : a);
}

bool SameEntryButTime(const Value& a, const Value& b) {
  const auto fields = [](const Value* one, const Value* other) {
    return one == nullptr || other == nullptr ? one == other : SameFields(*one, *other);
  };
  if (!a.is_object() || !b.is_object()) return a == b;
  if (!fields(a.Find("fieldsV1"), b.Find("fieldsV1"))) return false;
  const auto has_twin = [](const Member& member, const Value& other, bool compare) {
    if (member.key == "time" || member.key == "fieldsV1") return true;
    const Value* twin = other.FindSet(member.key);
    if (twin == nullptr) return member.value.is_hollow();
    return !compare || member.value == *twin;
  };
  return absl::c_all_of(a.object(), [&](const Member& m) { return has_twin(m, b, true); }) &&
         absl::c_all_of(b.object(), [&](const Member& m) { return has_twin(m, a, false); });
}

}  // namespace

bool EqualIgnoringManagedFieldTimes(const Value& a, const Value& b) {
  const auto entries = [](const Value* one, const Value* other) {
    const size_t count = one != nullptr ? one->size() : 0;
    if (count != (other != nullptr ? other->size() : 0)) return false;
    for (size_t i = 0; i < count; ++i) {
      if (!SameEntryButTime(one->array()[i], other->array()[i])) return false;
    }
    return true;
  };
  return a.is_object() && b.is_object() && EqualBut(a, b, "metadata", [&entries](const Value* one, const Value* other) {
    if (one == nullptr || other == nullptr) return one == other;
    return EqualBut(*one, *other, "managedFields", entries);
  });
}

}  // namespace apimachinery::apply
