// Keeps the status of ValidatingAdmissionPolicies: what their expressions get wrong about the types they are for.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

std::unique_ptr<Controller> NewPolicyStatusController(const Context& context, int workers);

}  // namespace controller_manager
