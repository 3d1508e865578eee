// Starts Jobs at the times their CronJobs name.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

std::unique_ptr<Controller> NewCronJobController(const Context& context, int workers);

}  // namespace controller_manager
