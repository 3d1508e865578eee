// Removes pods nobody else will: on nodes that are gone, never scheduled but being deleted, or terminated and too many.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

// `terminated_threshold`: terminated pods to keep, the youngest; 0 keeps all.
std::unique_ptr<Controller> NewPodGcController(const Context& context, int terminated_threshold);

}  // namespace controller_manager
