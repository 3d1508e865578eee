// Keeps the status of ResourceQuotas: the limits in force and what the namespace's objects use.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

struct ResourceQuotaConfig {
  int workers = 5;
  absl::Duration sync_period = absl::Minutes(5);  // full recount of every quota
};
std::unique_ptr<Controller> NewResourceQuotaController(const Context& context, ResourceQuotaConfig config);

}  // namespace controller_manager
