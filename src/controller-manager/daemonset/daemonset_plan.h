// Which nodes a DaemonSet's pods belong on and which pods to replace: the pure half of its controller.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controller-manager/framework/metadata.h"
#include "controller-manager/framework/pods.h"
#include "k8s/apps/v1/daemonset.pb.h"
#include "k8s/core/v1/node.pb.h"

namespace controller_manager {

using k8s::apps::v1::DaemonSet;
using k8s::core::v1::Node;
using NodePtr = std::shared_ptr<const Node>;

struct Placement {
  bool run = false;   // a pod should be started there
  bool stay = false;  // one that runs there may go on
};
Placement PlaceOn(const DaemonSet& set, const Node& node);

struct DaemonPlan {
  std::vector<std::string> create;  // node names
  std::vector<PodPtr> remove;
  k8s::apps::v1::DaemonSetStatus status;
};
// `hash`: controller-revision-hash of the current template.
DaemonPlan PlanDaemons(const DaemonSet& set, const std::vector<NodePtr>& nodes, const std::vector<PodPtr>& pods,
                       const std::string& hash, absl::Time now);

// A daemon pod for one node: pinned by node affinity, tolerating what daemons tolerate.
Pod MakeDaemonPod(const DaemonSet& set, const std::string& node, const std::string& hash);
// The node a pod is meant for, also before it is scheduled.
std::string TargetNode(const Pod& pod);

}  // namespace controller_manager
