// Keeps the targets of HorizontalPodAutoscalers within their bounds and tells how they are.
#pragma once
#include <memory>

#include "absl/time/time.h"
#include "controller-manager/framework/controller.h"

namespace controller_manager {

// Each autoscaler is looked at every `period`.
std::unique_ptr<Controller> NewPodAutoscaler(const Context& context, int workers, absl::Duration period);

}  // namespace controller_manager
