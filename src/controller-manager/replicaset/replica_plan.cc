#include "controller-manager/replicaset/replica_plan.h"

#include <algorithm>

namespace controller_manager {

ReplicaPlan PlanReplicas(const ReplicaSpec& spec, std::vector<PodPtr> pods, const std::vector<PodPtr>& family,
                         absl::Time now) {
  ReplicaPlan plan;
  for (const PodPtr& pod : pods) {
    const absl::Time at = AvailableAt(*pod, spec.min_ready_seconds);
    if (at > now && at < absl::InfiniteFuture() && (!plan.recheck_at.has_value() || at < *plan.recheck_at)) {
      plan.recheck_at = at;
    }
  }
  const int have = static_cast<int>(pods.size());
  if (have < spec.replicas) {
    plan.create = std::min(spec.replicas - have, kMaxPodsAtOnce);
  } else if (have > spec.replicas) {
    const int remove = std::min(have - spec.replicas, kMaxPodsAtOnce);
    if (remove < have) SortForDeletion(pods, family, now);
    pods.resize(remove);
    plan.remove = std::move(pods);
  }
  return plan;
}

ReplicaCounts CountReplicas(const ReplicaSpec& spec, const std::vector<PodPtr>& pods, absl::Time now) {
  ReplicaCounts counts;
  for (const PodPtr& pod : pods) {
    if (!IsActive(*pod)) {
      if (!IsTerminal(*pod)) ++counts.terminating;
      continue;
    }
    ++counts.replicas;
    if (MatchesSet(*spec.template_labels, pod->metadata().labels())) ++counts.fully_labeled;
    if (!IsReady(*pod)) continue;
    ++counts.ready;
    if (IsAvailable(*pod, spec.min_ready_seconds, now)) ++counts.available;
  }
  return counts;
}

}  // namespace controller_manager
