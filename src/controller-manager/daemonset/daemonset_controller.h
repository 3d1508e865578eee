// The DaemonSet controller: a pod on every fitting node.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

std::unique_ptr<Controller> NewDaemonSetController(const Context& context, int workers);

}  // namespace controller_manager
