#include "kubectl/kustomize/resource.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/schema.h"
#include "apimachinery/yaml.h"
#include "apimachinery/yaml_core.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"

namespace kubectl::kustomize {
namespace {

ResourceId IdOf(const Value& object) {
  ResourceId id;
  const std::string api_version = object.GetString("apiVersion");
  const size_t slash = api_version.find('/');
  if (slash == std::string::npos) {
    id.version = api_version;
  } else {
    id.group = api_version.substr(0, slash);
    id.version = api_version.substr(slash + 1);
  }
  id.kind = object.GetString("kind");
  id.name = object.GetString("metadata.name");
  id.ns = object.GetString("metadata.namespace");
  return id;
}

absl::Status AddParsed(Value object, const std::string& source, Resources* all) {
  if (!object.is_object()) return absl::OkStatus();  // no object, no resource
  const std::string kind = object.GetString("kind");
  if (const Value* items = object.Find("items");
      items != nullptr && items->is_array() && absl::EndsWith(kind, "List")) {
    for (const Value& item : items->array()) RETURN_IF_ERROR(AddParsed(item, source, all));
    return absl::OkStatus();
  }
  if (!object.Has("kind") && !object.Has("metadata") && !object.Has("apiVersion"))
    return Error("missing Resource metadata");
  const std::string name = object.GetString("metadata.name");
  if (name.empty() || kind.empty()) {
    const auto map_text = [&](absl::string_view path) {
      const Value* map = object.At(path);
      return map == nullptr ? std::string("map[]") : apimachinery::GoFormat(*map);
    };
    return Error(absl::StrCat("missing ", kind.empty() ? "kind" : "metadata.name", " in object {{",
                              object.GetString("apiVersion"), " ", kind, "} {{", name, " ",
                              object.GetString("metadata.namespace"), "} ", map_text("metadata.labels"), " ",
                              map_text("metadata.annotations"), "}}"));
  }
  Resource resource;
  resource.object = std::move(object);
  all->push_back(std::move(resource));
  return absl::OkStatus();
}

std::string SortText(const ResourceId& id) {
  return absl::StrCat(id.group.empty() ? "~G" : id.group, "_", id.version.empty() ? "~V" : id.version, "_",
                      id.kind.empty() ? "~K" : id.kind);
}

}  // namespace

bool ResourceId::ClusterScoped() const {
  const apimachinery::Kind* found =
      apimachinery::Schema::Builtin().FindKind(group, version, kind);
  return found != nullptr && found->role == apimachinery::Role::kResource && !found->namespaced;
}

bool ResourceId::SameAs(const ResourceId& other) const {
  return group == other.group && version == other.version && kind == other.kind && name == other.name &&
         (ClusterScoped() || EffectiveNs() == other.EffectiveNs());
}

std::string ResourceId::GvkText() const {
  return absl::StrCat(kind.empty() ? "[noKind]" : kind, ".", version.empty() ? "[noVer]" : version, ".",
                      group.empty() ? "[noGrp]" : group);
}

std::string ResourceId::ToString() const {
  return absl::StrCat(GvkText(), "/", name.empty() ? "[noName]" : name, ".",
                      ns.empty() ? "[noNs]" : ns);
}

ResourceId Resource::Id() const { return IdOf(object); }

bool Resource::EverWas(const ResourceId& id) const {
  if (Id().SameAs(id)) return true;
  return std::any_of(previous.begin(), previous.end(), [&](const ResourceId& old) { return old.SameAs(id); });
}

absl::StatusOr<Resource*> FindById(Resources& resources, const ResourceId& id) {
  Resource* found = nullptr;
  for (Resource& resource : resources) {
    if (!resource.EverWas(id)) continue;
    if (found != nullptr) return Error(absl::StrCat("multiple matches for Id ", id.ToString()));
    found = &resource;
  }
  if (found == nullptr) return Error(absl::StrCat("no matches for Id ", id.ToString()));
  return found;
}

absl::Status Append(Resources* all, Resource resource) {
  const ResourceId id = resource.Id();
  for (const Resource& other : *all) {
    if (other.Id().SameAs(id)) {
      return Error(absl::StrCat("may not add resource with an already registered id: ", id.ToString()));
    }
  }
  all->push_back(std::move(resource));
  return absl::OkStatus();
}

absl::StatusOr<Resources> ParseResources(absl::string_view text, const std::string& source) {
  Resources all;
  for (const absl::string_view part : apimachinery::SplitYamlDocuments(text)) {
    absl::StatusOr<Value> document = apimachinery::ParseCoreYaml(part);
    if (!document.ok()) {
      std::string why(document.status().message());
      constexpr absl::string_view kPrefix = "error converting YAML to JSON: ";
      if (absl::StartsWith(why, kPrefix)) why.erase(0, kPrefix.size());
      return Error(absl::StrCat("MalformedYAMLError: ", why, " in File: ", source));
    }
    if (document->is_null()) continue;
    RETURN_IF_ERROR(AddParsed(*std::move(document), source, &all));
  }
  return all;
}

const SortLists& DefaultSortLists() {
  static const SortLists* const lists = new SortLists{
      {"Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount", "PodSecurityPolicy",
       "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "Endpoints", "Service",
       "LimitRange", "PriorityClass", "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet", "CronJob",
       "PodDisruptionBudget"},
      {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}};
  return *lists;
}

void SortLegacy(Resources* resources, const SortLists& lists) {
  std::map<std::string, int> places;
  for (size_t i = 0; i < lists.first.size(); ++i)
    places[lists.first[i]] = static_cast<int>(i) - static_cast<int>(lists.first.size());
  for (size_t i = 0; i < lists.last.size(); ++i) places[lists.last[i]] = static_cast<int>(i) + 1;
  struct Keyed {
    int place;
    std::string gvk, rest;
    size_t index;
  };
  std::vector<Keyed> keys;
  for (size_t i = 0; i < resources->size(); ++i) {
    const ResourceId id = (*resources)[i].Id();
    const auto place = places.find(id.kind);
    keys.push_back({place == places.end() ? 0 : place->second, SortText(id),
                    absl::StrCat(id.ns.empty() ? "~X" : id.ns, "|", id.name), i});
  }
  std::stable_sort(keys.begin(), keys.end(), [](const Keyed& a, const Keyed& b) {
    return std::tie(a.place, a.gvk, a.rest) < std::tie(b.place, b.gvk, b.rest);
  });
  Resources sorted;
  for (const Keyed& key : keys) sorted.push_back(std::move((*resources)[key.index]));
  *resources = std::move(sorted);
}

}  // namespace kubectl::kustomize
