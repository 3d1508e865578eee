// Gives every node its range of pod addresses (spec.podCIDR).
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "controller-manager/framework/controller.h"

namespace controller_manager {

struct NodeIpamConfig {
  std::string cluster_cidr;  // the IPv4 one of a comma-separated list is used
  int node_mask_size = 24;
  std::string service_cidr;  // never handed out; may be empty
};

// InvalidArgument: a flag does not parse or the sizes do not fit.
absl::StatusOr<std::unique_ptr<Controller>> NewNodeIpamController(const Context& context, const NodeIpamConfig& config);

}  // namespace controller_manager
