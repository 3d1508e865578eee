// Which resources the server stores, under which names and versions.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"
#include "apiserver/cache/cache.h"

namespace apiserver::registry {

// A resource in one version.
struct Resource {
  const apimachinery::Kind* kind = nullptr;     // as served: group, version, plural
  const apimachinery::Kind* storage = nullptr;  // as stored
  const cache::ResourceMirror* mirror = nullptr;

  bool converts() const { return kind != storage; }
  absl::string_view group() const { return kind->group; }
  absl::string_view plural() const { return kind->plural; }
  bool namespaced() const { return kind->namespaced; }
  // Key below the prefix: "ns/name" or "name".
  std::string Key(absl::string_view ns, absl::string_view name) const;
  std::string StoreKey(absl::string_view ns, absl::string_view name) const;  // "/registry/pods/ns/name"
};

// Gives the object the namespace of the request. BadRequest: it says another one.
absl::Status MatchNamespace(const Resource& resource, absl::string_view ns, apimachinery::Value& object);

class ResourceTable {
 public:
  // Every stored built-in resource.
  static std::vector<std::string> StoragePrefixes();
  explicit ResourceTable(const cache::Cache& cache);

  const Resource* Find(absl::string_view group, absl::string_view version, absl::string_view plural) const;
  const Resource* FindAnyVersion(absl::string_view group, absl::string_view plural) const;  // preferred version

 private:
  std::map<std::string, Resource> by_name_;     // "apps/v1/deployments"
  std::map<std::string, const Resource*> any_;  // "apps/deployments"
};

// Kinds that are served in several groups or versions but stored in one: the tree in the other form. No change for
// kinds that are stored as they are.
void Convert(const apimachinery::Kind& from, const apimachinery::Kind& to, apimachinery::Value& object);

}  // namespace apiserver::registry
