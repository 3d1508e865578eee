#include "apiserver/registry/resource.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/api_error.h"

namespace apiserver::registry {
namespace {

using apimachinery::Kind;
using apimachinery::Role;
using apimachinery::Schema;

bool Stored(const Kind& kind) {
  return kind.role == Role::kResource && !kind.plural.empty() && kind.HasVerb("create") && kind.message != nullptr;
}

// Where upstream stores a kind in another group or version than the one asked for.
const Kind* StorageKind(const Kind& kind) {
  const Kind* stored = kind.stored_as.empty() ? nullptr : Schema::Builtin().FindKind(kind.stored_as, kind.kind);
  return stored == nullptr ? &kind : stored;
}

}  // namespace

std::string Resource::Key(absl::string_view ns, absl::string_view name) const {
  return namespaced() ? absl::StrCat(ns, "/", name) : std::string(name);
}

std::string Resource::StoreKey(absl::string_view ns, absl::string_view name) const {
  return absl::StrCat(cache::kRegistryPrefix, storage->storage_prefix, "/", Key(ns, name));
}

absl::Status MatchNamespace(const Resource& resource, absl::string_view ns, apimachinery::Value& object) {
  apimachinery::Value& meta = object["metadata"];
  if (meta.is_null()) meta = apimachinery::Value::MakeObject();
  if (!resource.namespaced()) {
    meta.Erase("namespace");
    return absl::OkStatus();
  }
  const std::string said = meta.GetString("namespace");
  if (said.empty()) {
    meta.Set("namespace", ns);
  } else if (said != ns) {
    return apimachinery::BadRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return absl::OkStatus();
}

std::vector<std::string> ResourceTable::StoragePrefixes() {
  std::vector<std::string> prefixes;
  for (const Kind& kind : Schema::Builtin().kinds()) {
    if (Stored(kind)) prefixes.emplace_back(StorageKind(kind)->storage_prefix);
  }
  return prefixes;
}

ResourceTable::ResourceTable(const cache::Cache& cache)
    : custom_(std::make_shared<const CustomResources>(std::vector<CustomResources::Served>())) {
  for (const Kind& kind : Schema::Builtin().kinds()) {
    if (!Stored(kind)) continue;
    Resource resource;
    resource.kind = &kind;
    resource.storage = StorageKind(kind);
    resource.mirror = cache.Find(resource.storage->storage_prefix);
    const auto it = by_name_.emplace(absl::StrCat(kind.group, "/", kind.version, "/", kind.plural), resource).first;
    by_storage_[std::string(resource.storage->storage_prefix)].push_back(&it->second);
    if (!resource.converts()) by_prefix_[std::string(resource.storage->storage_prefix)] = &it->second;
    const Resource*& any = any_[absl::StrCat(kind.group, "/", kind.plural)];
    if (any == nullptr || any->converts()) any = &it->second;
  }
}

CustomResources::CustomResources(std::vector<Served> served, uint64_t generation)
    : served_(std::move(served)), generation_(generation) {
  for (const Served& one : served_) {
    for (const auto& version : one.definition->versions) {
      if (!version->served) continue;
      Resource resource;
      resource.kind = &version->kind;
      resource.storage = &one.definition->storage->kind;
      resource.mirror = one.mirror;
      resource.definition = one.definition;
      resource.terminating = one.terminating;
      const Kind& kind = version->kind;
      const auto it = by_name_.emplace(absl::StrCat(kind.group, "/", kind.version, "/", kind.plural), resource).first;
      const Resource*& any = any_[absl::StrCat(kind.group, "/", kind.plural)];
      if (any == nullptr || any->converts()) any = &it->second;
    }
  }
}

std::vector<ResourcePtr> ResourceTable::All() const {
  std::vector<ResourcePtr> all;
  for (const auto& [name, resource] : by_name_) all.push_back(ResourcePtr(ResourcePtr(), &resource));
  const CustomResourcesPtr custom = this->custom();
  for (const auto& [name, resource] : custom->by_name_) all.push_back(ResourcePtr(custom, &resource));
  return all;
}

std::vector<ResourcePtr> ResourceTable::Equivalents(const ResourcePtr& resource) const {
  std::vector<ResourcePtr> equivalents;
  if (resource->definition != nullptr) {
    for (const auto& version : resource->definition->versions) {
      if (ResourcePtr other = Find(resource->group(), version->name, resource->plural())) equivalents.push_back(std::move(other));
    }
    return equivalents;
  }
  const absl::string_view prefix = resource->storage->storage_prefix;
  const auto same = by_storage_.find(std::string_view(prefix.data(), prefix.size()));
  if (same == by_storage_.end()) return equivalents;
  for (const Resource* other : same->second) equivalents.push_back(ResourcePtr(ResourcePtr(), other));
  return equivalents;
}

std::vector<ResourcePtr> ResourceTable::AllStored() const {
  std::vector<ResourcePtr> stored;
  for (const auto& [name, resource] : by_name_) {
    if (!resource.converts()) stored.push_back(ResourcePtr(ResourcePtr(), &resource));
  }
  const CustomResourcesPtr custom = this->custom();
  for (const auto& [name, resource] : custom->by_name_) {
    if (!resource.converts()) stored.push_back(ResourcePtr(custom, &resource));
  }
  return stored;
}

ResourcePtr ResourceTable::OwnerOf(absl::string_view store_key) const {
  if (!absl::ConsumePrefix(&store_key, cache::kRegistryPrefix)) return nullptr;
  size_t slash = store_key.find('/');
  for (int depth = 0; depth < 2 && slash != absl::string_view::npos; ++depth) {
    const auto it = by_prefix_.find(std::string_view(store_key.data(), slash));
    if (it != by_prefix_.end()) return ResourcePtr(ResourcePtr(), it->second);
    slash = store_key.find('/', slash + 1);
  }
  const CustomResourcesPtr custom = this->custom();
  for (const auto& [name, resource] : custom->by_name_) {
    const absl::string_view prefix = resource.storage->storage_prefix;
    if (!resource.converts() && absl::StartsWith(store_key, prefix) && store_key.substr(prefix.size(), 1) == "/") {
      return ResourcePtr(custom, &resource);
    }
  }
  return nullptr;
}

ResourcePtr ResourceTable::Find(absl::string_view group, absl::string_view version, absl::string_view plural) const {
  const std::string name = absl::StrCat(group, "/", version, "/", plural);
  if (const auto it = by_name_.find(name); it != by_name_.end()) return ResourcePtr(ResourcePtr(), &it->second);
  const CustomResourcesPtr custom = this->custom();
  const auto it = custom->by_name_.find(name);
  return it == custom->by_name_.end() ? nullptr : ResourcePtr(custom, &it->second);
}

ResourcePtr ResourceTable::FindAnyVersion(absl::string_view group, absl::string_view plural) const {
  const std::string name = absl::StrCat(group, "/", plural);
  if (const auto it = any_.find(name); it != any_.end()) return ResourcePtr(ResourcePtr(), it->second);
  const CustomResourcesPtr custom = this->custom();
  const auto it = custom->any_.find(name);
  return it == custom->any_.end() ? nullptr : ResourcePtr(custom, it->second);
}

CustomResourcesPtr ResourceTable::custom() const {
  const std::lock_guard lock(mu_);
  return custom_;
}

void ResourceTable::SetCustom(CustomResourcesPtr custom) {
  const std::lock_guard lock(mu_);
  custom_.swap(custom);
}

}  // namespace apiserver::registry
