#include "controller-manager/framework/discovery.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apimachinery/value.h"
#include "base/status_macros.h"

namespace controller_manager {
namespace {

using apimachinery::Value;

constexpr char kAggregated[] =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

std::vector<std::string> Strings(const Value& parent, absl::string_view key) {
  std::vector<std::string> out;
  for (const Value& item : parent.GetArray(key)) {
    if (item.is_string()) out.push_back(item.as_string());
  }
  return out;
}

void Add(Discovery& out, DiscoveredResource resource) {
  const bool known = std::any_of(out.resources.begin(), out.resources.end(),
                                 [&](const DiscoveredResource& r) { return r.id() == resource.id(); });
  if (!known) out.resources.push_back(std::move(resource));
}

void ReadGroupList(const Value& list, Discovery& out) {
  for (const Value& group : list.GetArray("items")) {
    const std::string name = group.GetString("metadata.name");
    for (const Value& version : group.GetArray("versions")) {  // preferred first
      if (version.GetString("freshness") == "Stale") out.failed.push_back(name);
      for (const Value& r : version.GetArray("resources")) {
        Add(out, {name, version.GetString("version"), r.GetString("resource"), r.GetString("responseKind.kind"),
                  r.GetString("scope") == "Namespaced", Strings(r, "verbs")});
      }
    }
  }
}

// The older form: one request a group and version.
absl::Status ReadVersion(client::Transport& transport, const std::string& path, const std::string& group,
                         const std::string& version, Discovery& out) {
  ASSIGN_OR_RETURN(const std::string text, transport.GetRaw(path));
  ASSIGN_OR_RETURN(const Value list, apimachinery::ParseJson(text));
  for (const Value& r : list.GetArray("resources")) {
    const std::string name = r.GetString("name");
    if (absl::StrContains(name, '/')) continue;  // a subresource
    Add(out, {group, version, name, r.GetString("kind"), r.GetBool("namespaced"), Strings(r, "verbs")});
  }
  return absl::OkStatus();
}

}  // namespace

bool DiscoveredResource::Can(absl::string_view verb) const {
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

absl::Status ReadGroups(absl::string_view json, Discovery& out) {
  ASSIGN_OR_RETURN(const Value list, apimachinery::ParseJson(json));
  ReadGroupList(list, out);
  return absl::OkStatus();
}

absl::StatusOr<Discovery> Discover(client::Transport& transport) {
  Discovery out;
  ASSIGN_OR_RETURN(const std::string core, transport.GetRaw("/api", kAggregated));
  ASSIGN_OR_RETURN(const Value core_value, apimachinery::ParseJson(core));
  if (core_value.GetString("kind") == "APIGroupDiscoveryList") {
    ReadGroupList(core_value, out);
  } else {
    RETURN_IF_ERROR(ReadVersion(transport, "/api/v1", "", "v1", out));
  }
  ASSIGN_OR_RETURN(const std::string groups, transport.GetRaw("/apis", kAggregated));
  ASSIGN_OR_RETURN(const Value list, apimachinery::ParseJson(groups));
  if (list.GetString("kind") == "APIGroupDiscoveryList") {
    ReadGroupList(list, out);
    return out;
  }
  for (const Value& group : list.GetArray("groups")) {
    const std::string name = group.GetString("name");
    const std::string preferred = group.GetString("preferredVersion.version");
    std::vector<std::string> versions = {preferred};
    for (const Value& v : group.GetArray("versions")) {
      if (v.GetString("version") != preferred) versions.push_back(v.GetString("version"));
    }
    for (const std::string& version : versions) {
      if (!ReadVersion(transport, absl::StrCat("/apis/", name, "/", version), name, version, out).ok()) {
        out.failed.push_back(name);
      }
    }
  }
  return out;
}

}  // namespace controller_manager
