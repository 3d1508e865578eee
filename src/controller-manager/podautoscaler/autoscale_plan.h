// What a HorizontalPodAutoscaler makes of its target's scale. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "k8s/autoscaling/v2/autoscaling.pb.h"

namespace controller_manager {

using k8s::autoscaling::v2::HorizontalPodAutoscaler;
using k8s::autoscaling::v2::HorizontalPodAutoscalerStatus;

struct CurrentScale {
  int wanted = 0;  // spec.replicas
  int present = 0;  // status.replicas
};

struct AutoscaleEvent {
  bool warning = false;
  std::string reason, message;
};

struct AutoscalePlan {
  HorizontalPodAutoscalerStatus status;
  bool changed = false;
  std::optional<int> rescale;  // what to write to the target before the status
  std::vector<AutoscaleEvent> events;
};

// `scale` is an error when the target has none. Keeps the target within its bounds; what metrics would say is not
// known where no metrics API is served, which the conditions and events tell as upstream's do.
AutoscalePlan PlanAutoscale(const HorizontalPodAutoscaler& hpa, const absl::StatusOr<CurrentScale>& scale,
                            absl::Time now);
// The plan's status once the target was rescaled, or could not be.
void Rescaled(const absl::Status& outcome, int replicas, absl::Time now, HorizontalPodAutoscalerStatus* status);

}  // namespace controller_manager
