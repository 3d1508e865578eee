// Which resources the API server has, of all groups: what the garbage collector and namespace deletion go through.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/transport.h"

namespace controller_manager {

struct DiscoveredResource {
  std::string group, version, resource, kind;
  bool namespaced = false;
  std::vector<std::string> verbs;

  bool Can(absl::string_view verb) const;
  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  std::string id() const { return group + "/" + resource; }
};

struct Discovery {
  std::vector<DiscoveredResource> resources;  // each once, in its group's preferred version that has it
  std::vector<std::string> failed;            // groups that did not answer (aggregated servers that are down)
};
absl::StatusOr<Discovery> Discover(client::Transport& transport);

// Reads one answer, for tests: an APIGroupDiscoveryList.
absl::Status ReadGroups(absl::string_view json, Discovery& out);

}  // namespace controller_manager
