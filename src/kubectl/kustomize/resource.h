// An object on its way through a kustomization, with the names it had before: patches, replica counts and references find
// it by any of them. Plain values; no I/O.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace kubectl::kustomize {

using apimachinery::Array;
using apimachinery::Member;
using apimachinery::Value;

struct ResourceId {
  std::string group, version, kind, name, ns;

  bool ClusterScoped() const;  // built-in kinds that live outside namespaces
  std::string EffectiveNs() const { return ns.empty() ? "default" : ns; }
  // Same kind and name in the same namespace; none is "default".
  bool SameAs(const ResourceId& other) const;
  std::string GvkText() const;   // "Deployment.v1.apps", "Service.v1.[noGrp]"
  std::string ToString() const;  // "Deployment.v1.apps/web.[noNs]"
};

struct Resource {
  Value object;
  std::vector<ResourceId> previous;              // what it was called, oldest first
  std::vector<std::string> prefixes, suffixes;   // added to its name, innermost first
  bool add_hash = false;                         // generated: its name ends in a hash of its content
  enum class Behavior { kCreate, kReplace, kMerge } behavior = Behavior::kCreate;

  ResourceId Id() const;
  ResourceId OriginalId() const { return previous.empty() ? Id() : previous.front(); }
  void RememberId() { previous.push_back(Id()); }
  // Whether it is called `id` or was once.
  bool EverWas(const ResourceId& id) const;
  std::string Name() const { return object.GetString("metadata.name"); }
  std::string Ns() const { return object.GetString("metadata.namespace"); }
};

using Resources = std::vector<Resource>;

// The resource of that id; the error says "no matches for Id ..." or "multiple matches for Id ...".
absl::StatusOr<Resource*> FindById(Resources& resources, const ResourceId& id);

// Adds, unless one of that id is there already.
absl::Status Append(Resources* all, Resource resource);

// Objects of a file's text; lists flattened. `source` is named in errors.
absl::StatusOr<Resources> ParseResources(absl::string_view text, const std::string& source);

// kustomize's own order: kinds that others need come first, webhooks last.
struct SortLists {
  std::vector<std::string> first, last;
};
const SortLists& DefaultSortLists();
void SortLegacy(Resources* resources, const SortLists& lists);

}  // namespace kubectl::kustomize
