// What to do next for one Deployment, decided from what is there: the pure half of the Deployment controller.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "controller-manager/deployment/rollout.h"

namespace controller_manager {

struct DeploymentInput {
  const Deployment* deployment = nullptr;
  std::vector<std::shared_ptr<const ReplicaSet>> sets;  // those it controls
  absl::flat_hash_map<std::string, int> living_pods;    // by ReplicaSet uid: not terminal. For Recreate only
  absl::Time now;
};

struct DeploymentPlan {
  struct Update {
    ReplicaSet set;
    std::string event;  // of reason ScalingReplicaSet on the Deployment; may be empty
  };
  std::vector<Update> updates;       // in order
  std::optional<ReplicaSet> create;  // after the updates; its creation brings the next round
  std::string create_event;
  std::vector<std::string> remove;  // names of old ReplicaSets beyond the history limit
  std::optional<Deployment> status;  // to write: new status, maybe a new revision annotation
  std::optional<absl::Duration> recheck;
};

DeploymentPlan PlanDeployment(const DeploymentInput& input);

// Pieces of it that the shell and tests need.
std::shared_ptr<const ReplicaSet> FindNewReplicaSet(const Deployment& d,
                                                    const std::vector<std::shared_ptr<const ReplicaSet>>& sets);
// Replaces or adds a condition by upstream's rule: the transition time moves with the status only, and an equal
// status and reason change nothing.
void SetCondition(k8s::apps::v1::DeploymentStatus& status, const std::string& type, const std::string& value,
                  const std::string& reason, const std::string& message, absl::Time now);
const k8s::apps::v1::DeploymentCondition* FindCondition(const k8s::apps::v1::DeploymentStatus& status,
                                                        const std::string& type);

}  // namespace controller_manager
