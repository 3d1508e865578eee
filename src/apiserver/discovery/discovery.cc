#include "apiserver/discovery/discovery.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/structural/versions.h"
#include "apiserver/discovery/hash.h"

namespace apiserver::discovery {
namespace {

using apimachinery::Array;
using apimachinery::Value;

Value List(const std::vector<std::string>& texts) {
  Array list;
  for (const std::string& text : texts) list.emplace_back(text);
  return Value(std::move(list));
}

std::string GroupVersionText(absl::string_view group, absl::string_view version) {
  return group.empty() ? std::string(version) : absl::StrCat(group, "/", version);
}

Value VersionEntry(const ListedVersion& at) {
  Value entry;
  entry["groupVersion"] = GroupVersionText(at.group, at.version);
  entry["version"] = at.version;
  return entry;
}

// Name, versions and preferred version of a group; `group` is taken from the catalog.
void FillGroup(const Catalog& catalog, absl::string_view group, Value* out) {
  (*out)["name"] = group;
  Value versions = Value::MakeArray();
  Value preferred;
  for (const ListedVersion& at : catalog.listed) {
    if (at.group != group) continue;
    if (preferred.is_null()) preferred = VersionEntry(at);
    versions.Append(VersionEntry(at));
  }
  (*out)["versions"] = std::move(versions);
  (*out)["preferredVersion"] = std::move(preferred);
}

Value ResourceEntry(std::string name, std::string singular, bool namespaced, const GroupVersionKind& kind,
                    const std::vector<std::string>& verbs) {
  Value entry;
  entry["name"] = std::move(name);
  entry["singularName"] = std::move(singular);
  entry["namespaced"] = namespaced;
  if (!kind.group.empty()) entry["group"] = kind.group;
  if (!kind.version.empty()) entry["version"] = kind.version;
  entry["kind"] = kind.kind;
  entry["verbs"] = List(verbs);
  return entry;
}

Value ResponseKind(const GroupVersionKind& kind) {
  Value response;
  response["group"] = kind.group;
  response["version"] = kind.version;
  response["kind"] = kind.kind;
  return response;
}

Value AggregatedResource(const GroupVersion& at, const Resource& resource) {
  const auto whole = [&](GroupVersionKind kind) {
    if (resource.custom && kind.group.empty()) kind.group = at.group;
    if (resource.custom && kind.version.empty()) kind.version = at.version;
    return kind;
  };
  Value entry;
  entry["resource"] = resource.plural;
  entry["responseKind"] = ResponseKind(whole(resource.kind));
  entry["scope"] = resource.namespaced ? "Namespaced" : "Cluster";
  entry["singularResource"] = resource.singular;
  entry["verbs"] = List(resource.verbs);
  if (!resource.short_names.empty()) entry["shortNames"] = List(resource.short_names);
  if (!resource.categories.empty()) entry["categories"] = List(resource.categories);
  for (const Subresource& sub : resource.subresources) {
    Value below;
    below["subresource"] = sub.name;
    below["responseKind"] = ResponseKind(whole(sub.kind));
    below["verbs"] = List(sub.verbs);
    entry["subresources"].Append(std::move(below));
  }
  return entry;
}

}  // namespace

Value ApiVersions(absl::string_view server_address) {
  Value address;
  address["clientCIDR"] = "0.0.0.0/0";
  address["serverAddress"] = server_address;
  Value body;
  body["kind"] = "APIVersions";
  body["versions"].Append("v1");
  body["serverAddressByClientCIDRs"].Append(std::move(address));
  return body;
}

Value ApiGroupList(const Catalog& catalog) {
  Value body;
  body["kind"] = "APIGroupList";
  body["apiVersion"] = "v1";
  Value& groups = body["groups"] = Value::MakeArray();
  absl::flat_hash_set<absl::string_view> seen = {""};
  for (const ListedVersion& at : catalog.listed) {
    if (!seen.insert(at.group).second) continue;
    Value group;
    FillGroup(catalog, at.group, &group);
    groups.Append(std::move(group));
  }
  return body;
}

std::optional<Value> ApiGroup(const Catalog& catalog, absl::string_view group) {
  const bool known = std::any_of(catalog.listed.begin(), catalog.listed.end(), [&](const ListedVersion& v) { return v.group == group; });
  if (group.empty() || !known) return std::nullopt;
  Value body;
  body["kind"] = "APIGroup";
  body["apiVersion"] = "v1";
  FillGroup(catalog, group, &body);
  return body;
}

std::optional<Value> ApiResourceList(const Catalog& catalog, absl::string_view group, absl::string_view version) {
  const GroupVersion* at = catalog.Find(group, version);
  if (at == nullptr) return std::nullopt;
  Value body;
  body["kind"] = "APIResourceList";
  if (!group.empty()) body["apiVersion"] = "v1";  // the core list has none, as upstream's
  body["groupVersion"] = GroupVersionText(group, version);
  Value& resources = body["resources"] = Value::MakeArray();
  for (const Resource& resource : at->resources) {
    Value entry = ResourceEntry(resource.plural, resource.singular, resource.namespaced, resource.kind, resource.verbs);
    if (!resource.short_names.empty()) entry["shortNames"] = List(resource.short_names);
    if (!resource.categories.empty()) entry["categories"] = List(resource.categories);
    if (!resource.storage_version_hash.empty()) entry["storageVersionHash"] = resource.storage_version_hash;
    resources.Append(std::move(entry));
    for (const Subresource& sub : resource.subresources) {
      resources.Append(ResourceEntry(absl::StrCat(resource.plural, "/", sub.name), "", resource.namespaced, sub.kind,
                                     sub.verbs));
    }
  }
  return body;
}

namespace {

// A group version as aggregated discovery shows it: ours, unless another server stands in for it.
struct Aggregate {
  absl::string_view group, version;
  Priority priority;
  const GroupVersion* own = nullptr;
  const RemoteVersion* remote = nullptr;
};

// Groups by their largest priority and then by name, the versions of a group by theirs.
std::vector<Aggregate> Aggregates(const Catalog& catalog, bool core) {
  std::vector<Aggregate> all;
  absl::flat_hash_set<std::pair<absl::string_view, absl::string_view>> taken;
  absl::flat_hash_map<absl::string_view, int> groups;
  const auto add = [&](Aggregate one) {
    if (one.group.empty() != core || !taken.insert({one.group, one.version}).second) return;
    int& group = groups.try_emplace(one.group, one.priority.group).first->second;
    group = std::max(group, one.priority.group);
    all.push_back(one);
  };
  for (const RemoteVersion& v : catalog.remote) add({v.group, v.version, v.priority, nullptr, &v});
  for (const GroupVersion& v : catalog.versions) add({v.group, v.version, v.priority, &v, nullptr});
  std::stable_sort(all.begin(), all.end(), [&](const Aggregate& a, const Aggregate& b) {
    if (a.group != b.group) {
      const int first = groups[a.group], second = groups[b.group];
      return first != second ? first > second : a.group < b.group;
    }
    if (a.priority.version != b.priority.version) return a.priority.version > b.priority.version;
    return apimachinery::structural::CompareVersions(a.version, b.version) > 0;
  });
  return all;
}

}  // namespace

Value AggregatedDiscovery(const Catalog& catalog, bool core, absl::string_view version) {
  Value body;
  body["kind"] = "APIGroupDiscoveryList";
  body["apiVersion"] = absl::StrCat("apidiscovery.k8s.io/", version);
  body["metadata"] = Value::MakeObject();
  Value& items = body["items"] = Value::MakeArray();
  absl::string_view last;
  for (const Aggregate& at : Aggregates(catalog, core)) {
    if (items.array().empty() || last != at.group) {
      Value item;
      item["metadata"] = Value::MakeObject();
      if (!core) item["metadata"]["name"] = at.group;
      item["versions"] = Value::MakeArray();
      items.Append(std::move(item));
    }
    last = at.group;
    Value& versions = items.array().back()["versions"];
    if (at.remote != nullptr) {
      versions.Append(at.remote->entry);
      continue;
    }
    Value entry;
    entry["version"] = at.version;
    for (const Resource& resource : at.own->resources) entry["resources"].Append(AggregatedResource(*at.own, resource));
    entry["freshness"] = "Current";
    versions.Append(std::move(entry));
  }
  return body;
}

std::string AggregatedVersion(absl::string_view accept) {
  for (const absl::string_view clause : absl::StrSplit(accept, ',')) {
    const bool discovery = absl::StrContains(clause, "g=apidiscovery.k8s.io") &&
                           absl::StrContains(clause, "as=APIGroupDiscoveryList");
    if (discovery && absl::StrContains(clause, "v=v2") && !absl::StrContains(clause, "v=v2beta1")) return "v2";
    if (!discovery && (absl::StrContains(clause, "application/json") || absl::StrContains(clause, "*/*"))) return "";
  }
  return "";
}

std::string AggregatedContentType(absl::string_view version) {
  return absl::StrCat("application/json;g=apidiscovery.k8s.io;v=", version, ";as=APIGroupDiscoveryList");
}

std::string Etag(absl::string_view body) { return absl::StrCat("\"", UpperHexSha512(body), "\""); }

}  // namespace apiserver::discovery
