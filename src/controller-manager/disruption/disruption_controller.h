// Keeps the status of PodDisruptionBudgets, by which the eviction subresource judges.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

std::unique_ptr<Controller> NewDisruptionController(const Context& context, int workers);

}  // namespace controller_manager
