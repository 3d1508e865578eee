// The next step for one StatefulSet: pods with numbers, started and stopped in order. The pure half of its controller.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "controller-manager/framework/metadata.h"
#include "controller-manager/framework/pods.h"
#include "k8s/apps/v1/statefulset.pb.h"
#include "k8s/core/v1/persistentvolume.pb.h"

namespace controller_manager {

using k8s::apps::v1::StatefulSet;
using k8s::core::v1::PersistentVolumeClaim;

struct StatefulInput {
  const StatefulSet* set = nullptr;
  std::vector<PodPtr> pods;      // those it controls
  std::string current_revision;  // names of ControllerRevisions
  std::string update_revision;
  // The template of the current revision, for pods that a partition holds back.
  std::optional<k8s::core::v1::PodTemplateSpec> current_template;
  absl::Time now;
};

struct StatefulPlan {
  std::vector<Pod> create;  // several only with podManagementPolicy Parallel
  std::vector<PodPtr> remove;
  k8s::apps::v1::StatefulSetStatus status;
  std::optional<absl::Duration> recheck;
};
StatefulPlan PlanStatefulSet(const StatefulInput& input);

int OrdinalOf(const std::string& set_name, const std::string& pod_name);  // -1: not one of its pods
// The claims of pod number `ordinal`, named <template>-<set>-<ordinal>.
std::vector<PersistentVolumeClaim> ClaimsFor(const StatefulSet& set, int ordinal);

}  // namespace controller_manager
