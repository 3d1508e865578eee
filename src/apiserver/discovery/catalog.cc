#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/schema.h"
#include "apimachinery/structural/versions.h"
#include "apiserver/discovery/discovery.h"
#include "apiserver/discovery/hash.h"

namespace apiserver::discovery {
namespace {

// Upstream's order of built-in groups, and of the versions in a group: clients take the first as preferred. The group of
// APIServices itself comes before all that they can ask for.
struct Known {
  absl::string_view group, version;
  Priority priority;
};
constexpr Known kOrder[] = {
    {"", "v1", {18000, 1}},
    {"apiregistration.k8s.io", "v1", {20001, 0}},
    {"apps", "v1", {17800, 15}},
    {"events.k8s.io", "v1", {17750, 15}},
    {"authentication.k8s.io", "v1", {17700, 15}},
    {"authorization.k8s.io", "v1", {17600, 15}},
    {"autoscaling", "v2", {17500, 30}},
    {"autoscaling", "v1", {17500, 15}},
    {"batch", "v1", {17400, 15}},
    {"certificates.k8s.io", "v1", {17300, 15}},
    {"networking.k8s.io", "v1", {17200, 15}},
    {"policy", "v1", {17100, 15}},
    {"rbac.authorization.k8s.io", "v1", {17000, 15}},
    {"storage.k8s.io", "v1", {16800, 15}},
    {"admissionregistration.k8s.io", "v1", {16700, 15}},
    {"apiextensions.k8s.io", "v1", {16700, 15}},
    {"scheduling.k8s.io", "v1", {16600, 15}},
    {"coordination.k8s.io", "v1", {16500, 15}},
    {"node.k8s.io", "v1", {16300, 15}},
    {"discovery.k8s.io", "v1", {16200, 15}},
    {"resource.k8s.io", "v1", {16200, 21}},
    {"flowcontrol.apiserver.k8s.io", "v1", {16100, 21}},
};

std::vector<std::string> Strings(const std::vector<absl::string_view>& views) {
  return std::vector<std::string>(views.begin(), views.end());
}

// The kind spoken at a subresource: its own body, else the resource's kind.
GroupVersionKind SubresourceKind(const apimachinery::Kind& resource, absl::string_view subresource) {
  const std::string at = absl::StrCat(resource.plural, "/", subresource);
  for (const apimachinery::Kind& kind : apimachinery::Schema::Builtin().kinds()) {
    if (subresource == "log") break;  // PodLogOptions are its parameters; it answers as the pod
    for (const absl::string_view used_at : kind.used_at) {
      if (used_at != at && used_at != absl::StrCat("*/", subresource)) continue;
      if (kind.group == resource.group && kind.version == resource.version) return {"", "", std::string(kind.kind)};
      return {std::string(kind.group), std::string(kind.version), std::string(kind.kind)};
    }
  }
  return {"", "", std::string(resource.kind)};
}

std::string StorageHash(const apimachinery::Kind& kind) {
  if (kind.storage_prefix.empty()) return "";
  if (kind.stored_as.empty()) return StorageVersionHash(kind.group, kind.version, kind.kind);
  const std::vector<std::string> parts = absl::StrSplit(kind.stored_as, '/');
  return parts.size() == 1 ? StorageVersionHash("", parts[0], kind.kind)
                           : StorageVersionHash(parts[0], parts[1], kind.kind);
}

Resource MakeResource(const apimachinery::Kind& kind) {
  Resource resource;
  resource.plural = std::string(kind.plural);
  resource.singular = std::string(kind.singular);
  resource.namespaced = kind.namespaced;
  resource.kind.kind = std::string(kind.kind);
  resource.verbs = Strings(kind.verbs);
  resource.short_names = Strings(kind.short_names);
  resource.categories = Strings(kind.categories);
  resource.storage_version_hash = StorageHash(kind);
  for (const absl::string_view name : kind.subresources) {
    resource.subresources.push_back(
        {std::string(name), SubresourceKind(kind, name), SubresourceVerbs(kind.plural, name)});
  }
  std::sort(resource.subresources.begin(), resource.subresources.end(),
            [](const Subresource& a, const Subresource& b) { return a.name < b.name; });
  return resource;
}

}  // namespace

std::vector<std::string> SubresourceVerbs(absl::string_view resource, absl::string_view subresource) {
  if (subresource == "log") return {"get"};
  if (subresource == "exec" || subresource == "attach" || subresource == "portforward") return {"create", "get"};
  if (subresource == "proxy") return {"create", "delete", "get", "patch", "update"};
  if (subresource == "binding" || subresource == "eviction" || subresource == "token") return {"create"};
  if (subresource == "finalize") return {"update"};
  return {"get", "patch", "update"};
}

std::string StorageVersionHash(absl::string_view group, absl::string_view version, absl::string_view kind) {
  return ShortHash(absl::StrCat(group, "/", version, "/", kind));
}

const GroupVersion* Catalog::Find(absl::string_view group, absl::string_view version) const {
  for (const GroupVersion& at : versions) {
    if (at.group == group && at.version == version) return &at;
  }
  return nullptr;
}

bool Catalog::HasGroup(absl::string_view group) const {
  return std::any_of(versions.begin(), versions.end(), [&](const GroupVersion& at) { return at.group == group; });
}

namespace {

constexpr Priority kCustom{1000, 100};

// Groups by their largest priority and then the name of that APIService, versions of a group by theirs.
void Sort(std::vector<ListedVersion>* listed) {
  const auto name = [](const ListedVersion& v) { return absl::StrCat(v.version, ".", v.group); };
  std::sort(listed->begin(), listed->end(), [&](const ListedVersion& a, const ListedVersion& b) {
    if (a.priority.group != b.priority.group) return a.priority.group > b.priority.group;
    return name(a) < name(b);
  });
  std::map<std::string, size_t> at;
  for (const ListedVersion& v : *listed) at.emplace(v.group, at.size());
  std::stable_sort(listed->begin(), listed->end(), [&](const ListedVersion& a, const ListedVersion& b) {
    if (a.group != b.group) return at[a.group] < at[b.group];
    if (a.priority.version != b.priority.version) return a.priority.version > b.priority.version;
    return apimachinery::structural::CompareVersions(a.version, b.version) > 0;
  });
}

}  // namespace

const Catalog& Builtin() {
  static const Catalog* const catalog = [] {
    auto* made = new Catalog;
    for (const auto& [group, version, priority] : kOrder) {
      made->listed.push_back({std::string(group), std::string(version), priority});
      GroupVersion& at = made->versions.emplace_back(GroupVersion{std::string(group), std::string(version), {}, priority});
      for (const apimachinery::Kind& kind : apimachinery::Schema::Builtin().kinds()) {
        if (kind.group != group || kind.version != version || kind.plural.empty()) continue;
        at.resources.push_back(MakeResource(kind));
      }
      std::sort(at.resources.begin(), at.resources.end(),
                [](const Resource& a, const Resource& b) { return a.plural < b.plural; });
    }
    Sort(&made->listed);
    return made;
  }();
  return *catalog;
}

namespace {

Resource CustomResource(const apimachinery::structural::Version& version) {
  const apimachinery::structural::Definition& definition = *version.definition;
  Resource resource;
  resource.custom = true;
  resource.plural = definition.plural;
  resource.singular = definition.singular;
  resource.namespaced = definition.namespaced;
  resource.kind.kind = definition.kind;
  resource.verbs = Strings(version.kind.verbs);
  resource.short_names = definition.short_names;
  resource.categories = definition.categories;
  resource.storage_version_hash = StorageVersionHash(definition.group, definition.storage->name, definition.kind);
  if (version.has_status) {
    resource.subresources.push_back({"status", {"", "", definition.kind}, SubresourceVerbs(definition.plural, "status")});
  }
  if (version.scale) {
    resource.subresources.push_back({"scale", {"autoscaling", "v1", "Scale"}, SubresourceVerbs(definition.plural, "scale")});
  }
  return resource;
}

}  // namespace

Catalog WithCustom(const Catalog& builtin, const std::vector<apimachinery::structural::DefinitionPtr>& definitions) {
  std::map<std::string, std::vector<GroupVersion>> groups;
  for (const auto& definition : definitions) {
    for (const auto& version : definition->versions) {
      if (!version->served) continue;
      std::vector<GroupVersion>& versions = groups[definition->group];
      auto at = std::find_if(versions.begin(), versions.end(), [&](const GroupVersion& v) { return v.version == version->name; });
      if (at == versions.end()) at = versions.insert(at, GroupVersion{definition->group, version->name, {}, kCustom});
      at->resources.push_back(CustomResource(*version));
    }
  }
  Catalog all = builtin;
  for (auto& [group, versions] : groups) {
    std::sort(versions.begin(), versions.end(), [](const GroupVersion& a, const GroupVersion& b) {
      return apimachinery::structural::CompareVersions(a.version, b.version) > 0;
    });
    // A group that is built in keeps its place; its versions stand side by side.
    const auto last = std::find_if(all.versions.rbegin(), all.versions.rend(),
                                   [&, &name = group](const GroupVersion& v) { return v.group == name; });
    auto place = last == all.versions.rend() ? all.versions.end() : last.base();
    for (GroupVersion& version : versions) {
      std::sort(version.resources.begin(), version.resources.end(),
                [](const Resource& a, const Resource& b) { return a.plural < b.plural; });
      all.listed.push_back({version.group, version.version, version.priority});
      place = all.versions.insert(place, std::move(version)) + 1;
    }
  }
  Sort(&all.listed);
  return all;
}

Catalog WithServices(const Catalog& own, const std::vector<ListedVersion>& services, std::vector<RemoteVersion> remote) {
  Catalog all = own;
  for (const ListedVersion& service : services) {
    const auto known = std::find_if(all.listed.begin(), all.listed.end(), [&](const ListedVersion& v) {
      return v.group == service.group && v.version == service.version;
    });
    if (known == all.listed.end()) {
      all.listed.push_back(service);
    } else {
      known->priority = service.priority;
    }
  }
  Sort(&all.listed);
  all.remote = std::move(remote);
  return all;
}

}  // namespace apiserver::discovery
