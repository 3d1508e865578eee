// The ReplicaSet controller and, over the same planner, the ReplicationController controller.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

std::unique_ptr<Controller> NewReplicaSetController(const Context& context, int workers);
std::unique_ptr<Controller> NewReplicationController(const Context& context, int workers);

// Index of pods by the uid of their controller, "orphan/<namespace>" for pods without one. Idempotent.
inline constexpr char kPodsByController[] = "controller";
void IndexPodsByController(client::Informers& informers);

}  // namespace controller_manager
