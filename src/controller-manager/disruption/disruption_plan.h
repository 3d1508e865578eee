// How many pods of a PodDisruptionBudget may be evicted now. Pure.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller-manager/framework/pods.h"
#include "k8s/policy/v1/policy.pb.h"

namespace controller_manager {

using k8s::policy::v1::PodDisruptionBudget;
using k8s::policy::v1::PodDisruptionBudgetStatus;

struct ExpectedPods {
  int expected = 0;         // pods that count
  int desired_healthy = 0;  // of these must stay
};

// `scales`: the wanted number of pods of each controller that owns one of the budget's pods, by uid; asked for budgets
// in percent or by maxUnavailable, which are shares of what is wanted and not of what there is.
ExpectedPods CountExpected(const PodDisruptionBudget& budget, int pods, const std::map<std::string, int>& scales);
bool NeedsScales(const PodDisruptionBudget& budget);

struct DisruptionPlan {
  PodDisruptionBudgetStatus status;
  bool changed = false;
  std::vector<PodPtr> not_deleted;           // their eviction was granted, but nothing happened in time
  std::optional<absl::Duration> recheck_in;  // when a granted eviction runs out
};
// The evicting client notes a pod in status.disruptedPods before it deletes it; such a pod counts as gone for two
// minutes at most.
DisruptionPlan PlanDisruption(const PodDisruptionBudget& budget, const std::vector<PodPtr>& pods,
                              const ExpectedPods& expected, absl::Time now);
// The state when nothing can be computed: no eviction at all, `why` in the condition.
DisruptionPlan PlanFailSafe(const PodDisruptionBudget& budget, const std::string& why, absl::Time now);

}  // namespace controller_manager
