// Watches over nodes: marks the silent ones Unknown, taints them, and marks their pods not ready.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"
#include "controller-manager/nodelifecycle/node_health.h"

namespace controller_manager {

struct NodeLifecycleConfig {
  absl::Duration monitor_period = absl::Seconds(5);
  HealthLimits limits;
  EvictionRates rates;
};

std::unique_ptr<Controller> NewNodeLifecycleController(const Context& context, const NodeLifecycleConfig& config);

// Index of pods by the node they are assigned to. Idempotent.
inline constexpr char kPodsByNode[] = "node";
void IndexPodsByNode(client::Informers& informers);

}  // namespace controller_manager
