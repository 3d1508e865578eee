// Whom to evict so that a more important pod fits. Pure.
#pragma once
#include <string>
#include <vector>

#include "scheduler/framework/decide.h"

namespace scheduler {

struct PreemptionPlan {
  std::string node;             // empty: nothing to gain
  std::vector<PodPtr> victims;  // the most important first
  std::string message;          // why not, as users read it after "preemption: "
};

// After `decision` found no node for `pod`. Chooses the node whose loss is least: by the highest priority lost, the sum
// of priorities, the number of pods, and last by how young the most important victim is.
PreemptionPlan PlanPreemption(const Profile& profile, const PodInfo& pod, const Snapshot& snapshot,
                              const Decision& decision);

}  // namespace scheduler
