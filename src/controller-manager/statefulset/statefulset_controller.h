// The StatefulSet controller: numbered pods with claims of their own.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

std::unique_ptr<Controller> NewStatefulSetController(const Context& context, int workers);

}  // namespace controller_manager
