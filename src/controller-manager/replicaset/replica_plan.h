// What keeps a number of equal pods alive: the pure half of the ReplicaSet and ReplicationController controllers.
#pragma once
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "controller-manager/framework/metadata.h"
#include "controller-manager/framework/pods.h"

namespace controller_manager {

struct ReplicaCounts {
  int replicas = 0;
  int fully_labeled = 0;  // carry every label of the template
  int ready = 0;
  int available = 0;    // ready for minReadySeconds
  int terminating = 0;  // being deleted, not terminal
  friend bool operator==(const ReplicaCounts&, const ReplicaCounts&) = default;
};

struct ReplicaSpec {
  int replicas = 1;
  int min_ready_seconds = 0;
  const Labels* template_labels = nullptr;  // not null
};

struct ReplicaPlan {
  int create = 0;
  std::vector<PodPtr> remove;            // the most dispensable first
  std::optional<absl::Time> recheck_at;  // a ready pod becomes available by time alone
};

inline constexpr int kMaxPodsAtOnce = 500;  // created or deleted in one go, as upstream

// `pods`: the owner's own active pods. `family`: those of its siblings too (all ReplicaSets of one Deployment).
ReplicaPlan PlanReplicas(const ReplicaSpec& spec, std::vector<PodPtr> pods, const std::vector<PodPtr>& family,
                         absl::Time now);
// `pods`: all that belong to the owner, also those on their way out.
ReplicaCounts CountReplicas(const ReplicaSpec& spec, const std::vector<PodPtr>& pods, absl::Time now);

}  // namespace controller_manager
