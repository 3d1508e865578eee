// The Job controller, and the one that removes finished Jobs after their time to live.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

std::unique_ptr<Controller> NewJobController(const Context& context, int workers);
std::unique_ptr<Controller> NewTtlAfterFinishedController(const Context& context, int workers);

}  // namespace controller_manager
