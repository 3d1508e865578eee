// Claims of pods that bring a template for one along (generic ephemeral volumes, KEP 1698): made with the pod as owner, so
// that they go when it goes.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

std::unique_ptr<Controller> NewEphemeralClaims(const Context& context, int workers);

}  // namespace controller_manager
