// The Deployment controller: carries out what deployment_plan.h decides.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

std::unique_ptr<Controller> NewDeploymentController(const Context& context, int workers);

}  // namespace controller_manager
