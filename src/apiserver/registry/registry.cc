#include "apiserver/registry/registry.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/codec.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "apimachinery/names.h"
#include "apimachinery/structural/stored_definition.h"
#include "apimachinery/stored.h"
#include "apiserver/cache/as_read.h"
#include "apiserver/cache/object_bytes.h"
#include "apiserver/registry/event_leases.h"
#include "apiserver/registry/services.h"
#include "apiserver/registry/self_series.h"
#include "base/status_macros.h"

namespace apiserver::registry {

using apimachinery::Kind;
using apimachinery::Value;
using pipeline::ObjectPtr;
using pipeline::RequestContext;

namespace {

constexpr absl::Duration kFreshTimeout = absl::Seconds(3);

// Kinds small and read often enough that their trees stay beside their bytes.
bool KeepsTree(const Kind& kind) {
  return kind.group == "rbac.authorization.k8s.io" || kind.kind == "Namespace" || kind.kind == "ServiceAccount" ||
         kind.kind == "LimitRange" || kind.kind == "PriorityClass" || kind.kind == "StorageClass" ||
         kind.kind == "IngressClass" || kind.kind == "RuntimeClass" || kind.kind == "CustomResourceDefinition";
}

}  // namespace

cache::EntryPtr MakeEntry(const Kind& kind, const Value& object) {
  auto entry = std::make_shared<cache::Entry>();
  entry->kind = &kind;
  entry->key = object.GetString("metadata.name");
  if (kind.custom != nullptr) entry->definition = kind.custom->definition->shared_from_this();
  entry->bytes = cache::AsRead(kind, cache::EntryBytes(kind, object));
  return entry;
}

Registry::Registry(Environment environment)
    : env_(std::move(environment)),
      event_leases_(env_.event_ttl > absl::ZeroDuration() ? std::make_unique<EventLeases>(*env_.store, env_.event_ttl)
                                                          : nullptr),
      services_(std::make_unique<Services>(env_.service_cidr, env_.node_port_first, env_.node_port_last, *this)) {}

Registry::~Registry() = default;

absl::StatusOr<ResourcePtr> Registry::Resolve(const pipeline::RequestInfo& info) const {
  const ResourcePtr resource = env_.resources->Find(info.group, info.version, info.resource);
  if (resource == nullptr) {
    return apimachinery::GenericStatus(404, info.verb, info.group, info.resource, info.name, "").ToStatus();
  }
  if (info.verb != "update") RETURN_IF_ERROR(CheckNameParameter(info.name));  // an update's object is compared first
  return resource;
}

absl::Status CheckNameParameter(absl::string_view name) {
  const apimachinery::Problems problems = apimachinery::IsPathSegmentName(name);
  if (problems.empty()) return absl::OkStatus();
  return apimachinery::BadRequest(absl::StrCat("Name parameter invalid: ", apimachinery::GoQuote(name), ": ", absl::StrJoin(problems, ";")));
}

absl::StatusOr<cache::EntryPtr> Registry::Current(const Resource& resource, absl::string_view ns,
                                                  absl::string_view name, bool from_store) const {
  if (!from_store) return env_.cache->Get(*resource.mirror, resource.Key(ns, name));
  absl::StatusOr<std::optional<store::KeyValue>> got = env_.store->Get(resource.StoreKey(ns, name));
  if (absl::IsDataLoss(got.status())) return apimachinery::InternalError(got.status().message());
  ASSIGN_OR_RETURN(std::optional<store::KeyValue> kv, std::move(got));
  if (!kv) return cache::EntryPtr();
  cache::EntryPtr entry = env_.cache->Decode(*resource.mirror, resource.Key(ns, name), kv->value, kv->mod_revision);
  if (entry == nullptr) return apimachinery::InternalError(absl::StrCat("unreadable object at ", kv->key));
  return entry;
}

absl::Status Registry::ConvertTree(const Kind& from, const Kind& to, Value& object) const {
  if (&from == &to) return absl::OkStatus();
  if (to.custom == nullptr || !to.custom->definition->webhook_conversion) {
    Convert(from, to, object);
    return absl::OkStatus();
  }
  Value* const objects[] = {&object};
  return env_.converter->Convert(*to.custom, objects);
}

absl::Status Registry::ConvertItems(ListAnswer& list) const {
  const Kind& kind = *list.resource->kind;
  if (kind.custom == nullptr || !kind.custom->definition->webhook_conversion) return absl::OkStatus();
  std::vector<size_t> which;
  std::vector<Value> trees;
  for (size_t i = 0; i < list.items.size(); ++i) {
    if (list.items[i]->kind == &kind) continue;
    which.push_back(i);
    trees.push_back(*list.items[i]->Decode());
  }
  if (trees.empty()) return absl::OkStatus();
  std::vector<Value*> objects;
  for (Value& tree : trees) objects.push_back(&tree);
  RETURN_IF_ERROR(env_.converter->Convert(*kind.custom, objects));
  for (size_t i = 0; i < which.size(); ++i) list.items[which[i]] = conversion::EntryOf(*kind.custom, *list.items[which[i]], trees[i]);
  return absl::OkStatus();
}

absl::StatusOr<Value> Registry::TreeOf(const Resource& resource, const cache::Entry& entry) const {
  if (entry.custom()) {
    Value tree = *entry.Decode();
    RETURN_IF_ERROR(ConvertTree(*entry.kind, *resource.kind, tree));
    return tree;
  }
  ASSIGN_OR_RETURN(Value tree, apimachinery::DecodeWire(*entry.kind->message, entry.bytes));
  apimachinery::CompleteStored(*entry.kind->message, &tree);
  tree.Set("kind", entry.kind->kind);
  tree.Set("apiVersion", entry.kind->api_version);
  if (entry.kind != resource.kind) Convert(*entry.kind, *resource.kind, tree);
  return tree;
}

absl::StatusOr<cache::EntryPtr> Registry::Put(const Resource& resource, const Value& object, int64_t expected,
                                              bool* conflict) {
  *conflict = false;
  const Value* stored = &object;
  Value converted;
  if (resource.converts()) {
    converted = object;
    RETURN_IF_ERROR(ConvertTree(*resource.kind, *resource.storage, converted));
    stored = &converted;
  }
  const std::string ns = object.GetString("metadata.namespace"), name = object.GetString("metadata.name");
  const Kind& kind = *resource.storage;
  std::string wire, bytes;
  const absl::string_view stored_as = kind.stored_as.empty() ? kind.api_version : kind.stored_as;
  if (kind.stored_json) {
    Value bare = *stored;
    bare.EraseAt("metadata.resourceVersion");
    bare.EraseAt("metadata.selfLink");
    bare.Set("apiVersion", stored_as);
    if (kind.custom != nullptr) {
      bytes = cache::EntryBytes(kind, bare);
    } else {
      apimachinery::EncodeJson(*kind.message, bare, &bytes);
      if (kind.kind == "CustomResourceDefinition") {
        ASSIGN_OR_RETURN(Value definition, apimachinery::ParseJson(bytes));
        apimachinery::structural::DefinitionToStored(&definition);
        bytes = apimachinery::WriteJson(definition);
      }
    }
    bytes += '\n';
  }
  if (kind.custom == nullptr) wire = cache::WithoutResourceVersion(cache::EntryBytes(kind, *stored));
  if (!kind.stored_json) bytes = apimachinery::EncodeEnvelope(stored_as, kind.kind, wire);
  const std::string key = resource.StoreKey(ns, name);
  int64_t lease = 0;
  if (event_leases_ != nullptr && resource.storage->kind == "Event" && resource.definition == nullptr) {
    ASSIGN_OR_RETURN(lease, event_leases_->Get(env_.clock->Now()));
  }
  absl::StatusOr<store::WriteResult> written =
      expected == 0 ? env_.store->Create(key, bytes, lease) : env_.store->Update(key, bytes, expected, lease);
  if (!written.ok()) {
    if (absl::IsInvalidArgument(written.status())) {
      return apimachinery::RequestEntityTooLarge(written.status().message());
    }
    if (absl::IsDeadlineExceeded(written.status())) return apimachinery::Timeout(written.status().message(), 0);
    return apimachinery::InternalError(written.status().message());
  }
  if (!written->done) {
    *conflict = true;
    return cache::EntryPtr();
  }
  if (resource.storage->custom != nullptr) {
    // What another version stored is completed by the defaults of the stored one, as on every read.
    return env_.cache->Decode(*resource.mirror, resource.Key(ns, name), bytes, written->revision);
  }
  auto entry = std::make_shared<cache::Entry>();
  entry->kind = resource.storage;
  entry->key = resource.Key(ns, name);
  entry->revision = written->revision;
  entry->completed = cache::LacksAtReading(*entry->kind, wire);
  entry->bytes = cache::AsRead(*entry->kind, cache::WithResourceVersion(wire, written->revision));
  return entry;
}

ObjectPtr Registry::Get(const pipeline::GroupResource& what, absl::string_view ns, absl::string_view name) const {
  const ResourcePtr resource = env_.resources->FindAnyVersion(what.group, what.resource);
  if (resource == nullptr) return nullptr;
  const cache::EntryPtr entry = env_.cache->Get(*resource->mirror, resource->Key(ns, name));
  return entry == nullptr ? nullptr : entry->Decode(KeepsTree(*entry->kind));
}

std::vector<ObjectPtr> Registry::List(const pipeline::GroupResource& what, absl::string_view ns) const {
  std::vector<ObjectPtr> objects;
  const ResourcePtr resource = env_.resources->FindAnyVersion(what.group, what.resource);
  if (resource == nullptr) return objects;
  for (const cache::EntryPtr& entry : env_.cache->List(*resource->mirror, ns.empty() ? "" : absl::StrCat(ns, "/")).items) {
    objects.push_back(entry->Decode(KeepsTree(*entry->kind)));
  }
  return objects;
}

uint64_t Registry::Generation(const pipeline::GroupResource& what) const {
  const ResourcePtr resource = env_.resources->FindAnyVersion(what.group, what.resource);
  return resource == nullptr ? 0 : env_.cache->Generation(*resource->mirror);
}

absl::StatusOr<ObjectPtr> Registry::GetFresh(const pipeline::GroupResource& what, absl::string_view ns,
                                             absl::string_view name) const {
  const ResourcePtr resource = env_.resources->FindAnyVersion(what.group, what.resource);
  if (resource == nullptr) return ObjectPtr();
  ASSIGN_OR_RETURN(cache::EntryPtr entry, Current(*resource, ns, name, /*from_store=*/true));
  return entry == nullptr ? ObjectPtr() : entry->Decode();
}

pipeline::KindPtr Registry::FindKind(absl::string_view api_version, absl::string_view kind) const {
  for (const ResourcePtr& resource : env_.resources->All()) {
    if (resource->kind->api_version == api_version && resource->kind->kind == kind) return {resource, resource->kind};
  }
  return nullptr;
}

std::vector<pipeline::KindPtr> Registry::Equivalents(absl::string_view group, absl::string_view version,
                                                     absl::string_view plural) const {
  std::vector<pipeline::KindPtr> kinds;
  const ResourcePtr resource = env_.resources->Find(group, version, plural);
  if (resource == nullptr) return kinds;
  for (const ResourcePtr& other : env_.resources->Equivalents(resource)) kinds.emplace_back(other, other->kind);
  return kinds;
}

absl::StatusOr<ObjectPtr> Registry::Create(const pipeline::GroupResource& what, const Value& object) {
  const ResourcePtr resource = env_.resources->FindAnyVersion(what.group, what.resource);
  if (resource == nullptr) return absl::NotFoundError(absl::StrCat("no resource ", what.resource));
  RequestContext context;
  context.user.name = "system:apiserver";
  context.user.groups = {"system:masters", "system:authenticated"};
  context.options.field_manager = "kube-apiserver";
  ASSIGN_OR_RETURN(Answer answer, CreateObject(context, *resource, object));
  return answer.object->Decode();
}

absl::StatusOr<ObjectPtr> Registry::Modify(const pipeline::GroupResource& what, absl::string_view ns,
                                           absl::string_view name, const std::function<bool(Value&)>& change) {
  const ResourcePtr resource = env_.resources->FindAnyVersion(what.group, what.resource);
  if (resource == nullptr) return absl::NotFoundError(absl::StrCat("no resource ", what.resource));
  // As in UpdateObject: that nothing is to change counts once the store holds what was looked at.
  int64_t refused_at = 0;
  for (int attempt = 0; attempt < 64; ++attempt) {
    const bool latest = attempt > 0;
    ASSIGN_OR_RETURN(cache::EntryPtr entry, Current(*resource, ns, name, /*from_store=*/latest));
    if (entry == nullptr && !latest) continue;
    if (entry == nullptr) return apimachinery::NotFound(what.group, what.resource, name);
    if (entry->revision == refused_at) return entry->Decode();
    ASSIGN_OR_RETURN(Value tree, TreeOf(*resource, *entry));
    if (!change(tree)) {
      if (latest) return entry->Decode();
      refused_at = entry->revision;
      continue;
    }
    bool conflict = false;
    ASSIGN_OR_RETURN(cache::EntryPtr stored, Put(*resource, tree, entry->revision, &conflict));
    CountSelfRequest("PUT", what);
    if (!conflict) return stored->Decode();
  }
  return apimachinery::Conflict(what.group, what.resource, name, "too many writers at once");
}

absl::StatusOr<ObjectPtr> Registry::ModifyStatus(const pipeline::GroupResource& what, absl::string_view ns,
                                                 absl::string_view name, const std::function<bool(Value&)>& change) {
  const ResourcePtr resource = env_.resources->FindAnyVersion(what.group, what.resource);
  if (resource == nullptr) return absl::NotFoundError(absl::StrCat("no resource ", what.resource));
  RequestContext own;
  own.user_agent = "kube-apiserver";
  own.info.subresource = "status";
  return Modify(what, ns, name, [&](Value& object) {
    const Value before = object;
    if (!change(object)) return false;
    TrackManagers(own, *resource->kind, &before, object);
    return true;
  });
}

absl::Status Registry::Delete(const pipeline::GroupResource& what, absl::string_view ns, absl::string_view name) {
  const ResourcePtr resource = env_.resources->FindAnyVersion(what.group, what.resource);
  if (resource == nullptr) return absl::NotFoundError(absl::StrCat("no resource ", what.resource));
  ASSIGN_OR_RETURN(cache::EntryPtr entry, Current(*resource, ns, name, /*from_store=*/true));
  if (entry == nullptr) return apimachinery::NotFound(what.group, what.resource, name);
  CountSelfRequest("DELETE", what);
  return env_.store->Delete(resource->StoreKey(ns, name), entry->revision).status();
}

}  // namespace apiserver::registry
