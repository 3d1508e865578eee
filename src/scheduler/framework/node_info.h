// A node with the pods on it, and the state of the whole cluster for one scheduling decision.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "scheduler/framework/pod_info.h"

namespace scheduler {

// What the node object says. Shared between versions of NodeInfo.
struct NodeSpec {
  std::string name;
  Labels labels;
  std::vector<Taint> taints;
  bool unschedulable = false;
  Resources allocatable;
  int64_t max_pods = 0;
  std::map<std::string, int64_t> images;  // name -> bytes
};

struct NodeInfo {
  std::shared_ptr<const NodeSpec> spec;  // null: pods were seen before their node
  Resources requested;
  int64_t score_cpu = 0, score_memory = 0;  // sums of the pods' scoring amounts
  std::vector<PodPtr> pods;
  std::vector<HostPort> ports;
  int anti_affinity_pods = 0;  // pods with required anti-affinity
  int affinity_pods = 0;       // pods with any affinity terms

  void Add(PodPtr pod);
  bool Remove(const std::string& uid);  // false: was not there
};
using NodePtr = std::shared_ptr<const NodeInfo>;

struct VolumeState;

// Immutable during one decision.
struct Snapshot {
  std::vector<NodePtr> nodes;  // those with a spec, in stable order
  absl::flat_hash_map<std::string, size_t> index;  // name -> place in `nodes`
  absl::flat_hash_map<std::string, Labels> namespaces;
  // Pods that evicted others from a node and wait for their place there.
  absl::flat_hash_map<std::string, std::vector<PodPtr>> nominated;
  std::shared_ptr<const VolumeState> volumes;  // set where the pod to be decided about has claims
  int nodes_with_affinity = 0;       // nodes with affinity_pods > 0
  int nodes_with_anti_affinity = 0;  // nodes with anti_affinity_pods > 0

  const NodeInfo* Find(const std::string& name) const {
    const auto found = index.find(name);
    return found == index.end() ? nullptr : nodes[found->second].get();
  }
};

}  // namespace scheduler
