// Which resources the server has, in every form clients ask for it. Pure; any thread.
//
// A Catalog holds built-in and custom resources alike; the functions turn one into upstream's bodies, members in
// upstream's order. Write them with apimachinery::WriteJson (or the codec for protobuf and YAML).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apimachinery/structural/definition.h"
#include "apimachinery/value.h"

namespace apiserver::discovery {

struct GroupVersionKind {
  std::string group, version, kind;  // group and version empty: those of the resource
};

struct Subresource {
  std::string name;  // "status"
  GroupVersionKind kind;
  std::vector<std::string> verbs;
};

struct Resource {
  std::string plural, singular;
  bool namespaced = false;
  GroupVersionKind kind;
  std::vector<std::string> verbs, short_names, categories;
  std::string storage_version_hash;  // empty: not stored
  bool custom = false;               // aggregated discovery spells its kinds out
  std::vector<Subresource> subresources;
};

// What orders groups, and the versions of a group: the larger goes first.
struct Priority {
  int group = 1000, version = 15;
};

struct GroupVersion {
  std::string group, version;  // "" is the core group
  std::vector<Resource> resources;
  Priority priority = {};
};

// A group version as /apis lists it: what APIServices say counts, whoever serves it.
struct ListedVersion {
  std::string group, version;
  Priority priority;
};

// A group version of another server, as that server describes it for aggregated discovery.
struct RemoteVersion {
  std::string group, version;
  Priority priority;
  apimachinery::Value entry;  // {"version", "resources", "freshness"}
};

struct Catalog {
  std::vector<GroupVersion> versions;  // our own; the versions of a group side by side, the preferred one first
  std::vector<ListedVersion> listed;   // in the order of /apis, groups side by side
  std::vector<RemoteVersion> remote;   // they stand in for versions of ours

  const GroupVersion* Find(absl::string_view group, absl::string_view version) const;
  bool HasGroup(absl::string_view group) const;
};

const Catalog& Builtin();  // the resources of the schema
// Those and the served versions of definitions, whose groups come after the built-in ones, by name.
Catalog WithCustom(const Catalog& builtin, const std::vector<apimachinery::structural::DefinitionPtr>& definitions);

// With all APIServices (ours too: their priorities may have been changed) and what is known of other servers.
Catalog WithServices(const Catalog& own, const std::vector<ListedVersion>& services, std::vector<RemoteVersion> remote);

// The verbs of a built-in subresource: "pods/log" → {"get"}.
std::vector<std::string> SubresourceVerbs(absl::string_view resource, absl::string_view subresource);

// Upstream's hash of the version that is stored; `version` and `kind` as stored.
std::string StorageVersionHash(absl::string_view group, absl::string_view version, absl::string_view kind);

apimachinery::Value ApiVersions(absl::string_view server_address);  // /api; "10.0.0.1:6443"
apimachinery::Value ApiGroupList(const Catalog& catalog);           // /apis
std::optional<apimachinery::Value> ApiGroup(const Catalog& catalog, absl::string_view group);  // /apis/G
std::optional<apimachinery::Value> ApiResourceList(const Catalog& catalog, absl::string_view group,
                                                   absl::string_view version);  // /api/v1, /apis/G/V

// Aggregated discovery: APIGroupDiscoveryList of apidiscovery.k8s.io/v2 (or v2beta1); `core` for /api, else /apis.
apimachinery::Value AggregatedDiscovery(const Catalog& catalog, bool core, absl::string_view version);
// What an Accept header asks for: "v2", "v2beta1", or empty for the plain forms (the first that fits wins).
std::string AggregatedVersion(absl::string_view accept);
// "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
std::string AggregatedContentType(absl::string_view version);
// Quoted upper-case hex SHA-512 of a body: the ETag of aggregated discovery and OpenAPI documents.
std::string Etag(absl::string_view body);

apimachinery::Value Version();  // /version
// {"paths": [...]}: the answer at /, with the health and group paths of `catalog`.
apimachinery::Value RootPaths(const Catalog& catalog);

}  // namespace apiserver::discovery
