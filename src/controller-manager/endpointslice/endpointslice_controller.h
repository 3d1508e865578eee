// Keeps the EndpointSlices of every service with a selector in step with its pods.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

std::unique_ptr<Controller> NewEndpointSliceController(const Context& context, int workers, int max_endpoints);

}  // namespace controller_manager
