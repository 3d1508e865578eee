// The Node object this kubelet registers and the status it reports. Pure.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/version.h"
#include "k8s/core/v1/node.pb.h"
#include "kubelet/node/machine_info.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

struct NodeOptions {
  std::string name;
  std::string ip;                      // InternalIP
  std::map<std::string, std::string> labels;
  std::vector<k8s::core::v1::Taint> taints;
  int max_pods = 110;
  int port = 10250;
  bool unschedulable = false;
  int64_t memory_reserved = 50 << 20;  // kept back from pods: the eviction threshold
  std::string kubelet_version = base::kKubernetesVersion;
};

struct NodeFacts {
  MachineInfo machine;
  MachinePressure pressure;
  RuntimeVersion runtime;
  absl::Status network;                // why pods get no network, if they do not
  std::vector<Image> images;
};

k8s::core::v1::Node MakeNode(const NodeOptions& options, const NodeFacts& facts);
// Transition times come from `previous`.
k8s::core::v1::NodeStatus ComputeNodeStatus(const NodeOptions& options, const NodeFacts& facts,
                                            const k8s::core::v1::NodeStatus& previous, absl::Time now);
// Whether two statuses differ in more than heartbeat times.
bool NodeStatusDiffers(const k8s::core::v1::NodeStatus& a, const k8s::core::v1::NodeStatus& b);

int64_t AllocatableMemory(const NodeOptions& options, const MachineInfo& machine);
// "key=value:Effect,...".
absl::Status ParseTaints(const std::string& text, std::vector<k8s::core::v1::Taint>* taints);

}  // namespace kubelet
