// Which resources the server stores, under which names and versions.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/structural/definition.h"
#include "apimachinery/value.h"
#include "apiserver/cache/cache.h"

namespace apiserver::registry {

// A resource in one version.
struct Resource {
  const apimachinery::Kind* kind = nullptr;     // as served: group, version, plural
  const apimachinery::Kind* storage = nullptr;  // as stored
  cache::MirrorPtr mirror;
  apimachinery::structural::DefinitionPtr definition;  // of a custom resource: keeps its kinds
  bool terminating = false;  // the definition is on its way out: nothing new is made

  bool converts() const { return kind != storage; }
  absl::string_view group() const { return kind->group; }
  absl::string_view plural() const { return kind->plural; }
  bool namespaced() const { return kind->namespaced; }
  // Key below the prefix: "ns/name" or "name".
  std::string Key(absl::string_view ns, absl::string_view name) const;
  std::string StoreKey(absl::string_view ns, absl::string_view name) const;  // "/registry/pods/ns/name"
};
// Keeps what it points to; built-in resources live as long as the table.
using ResourcePtr = std::shared_ptr<const Resource>;

// Gives the object the namespace of the request. BadRequest: it says another one.
absl::Status MatchNamespace(const Resource& resource, absl::string_view ns, apimachinery::Value& object);

// The custom resources of one moment: what the definitions of the cluster serve. Immutable once it is set.
class CustomResources {
 public:
  struct Served {
    apimachinery::structural::DefinitionPtr definition;
    cache::MirrorPtr mirror;
    bool established = false;  // told by discovery and OpenAPI
    bool terminating = false;
  };
  explicit CustomResources(std::vector<Served> served, uint64_t generation = 0);

  const std::vector<Served>& served() const { return served_; }
  uint64_t generation() const { return generation_; }  // another one for every change

 private:
  friend class ResourceTable;
  const std::vector<Served> served_;
  const uint64_t generation_;
  std::map<std::string, Resource> by_name_;
  std::map<std::string, const Resource*> any_;
};
using CustomResourcesPtr = std::shared_ptr<const CustomResources>;

// Thread-safe.
class ResourceTable {
 public:
  // Every stored built-in resource.
  static std::vector<std::string> StoragePrefixes();
  explicit ResourceTable(const cache::Cache& cache);

  // nullptr: no such resource. Built-in ones first.
  ResourcePtr Find(absl::string_view group, absl::string_view version, absl::string_view plural) const;
  ResourcePtr FindAnyVersion(absl::string_view group, absl::string_view plural) const;  // preferred version

  CustomResourcesPtr custom() const;
  void SetCustom(CustomResourcesPtr custom);

  std::vector<ResourcePtr> All() const;        // in every version that is served
  std::vector<ResourcePtr> Equivalents(const ResourcePtr& resource) const;  // of the same objects, itself among them
  std::vector<ResourcePtr> AllStored() const;  // in the version that is stored, by group and name
  // Whose a key of the store is ("/registry/pods/default/web"); nullptr: none of the table's.
  ResourcePtr OwnerOf(absl::string_view store_key) const;

 private:
  std::map<std::string, const Resource*, std::less<>> by_prefix_;  // "services/specs"
  std::map<std::string, std::vector<const Resource*>, std::less<>> by_storage_;  // "events": every version of it
  std::map<std::string, Resource> by_name_;     // "apps/v1/deployments"
  std::map<std::string, const Resource*> any_;  // "apps/deployments"
  mutable std::mutex mu_;
  CustomResourcesPtr custom_;  // under mu_
};

// Kinds that are served in several groups or versions but stored in one: the tree in the other form. No change for
// kinds that are stored as they are.
void Convert(const apimachinery::Kind& from, const apimachinery::Kind& to, apimachinery::Value& object);
// For field ownership: what apply::Manager::convert asks of objects of this kind; unset for kinds with one shape.
std::function<const apimachinery::Message*(absl::string_view api_version, apimachinery::Value* object)> ConverterOf(
    const apimachinery::Kind& kind);

}  // namespace apiserver::registry
