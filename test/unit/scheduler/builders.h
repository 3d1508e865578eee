// Pods and nodes in one line.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/framework/node_info.h"

namespace scheduler {

inline PodInfo MakePod(const std::string& name, int64_t milli_cpu = 0, int64_t memory = 0) {
  PodInfo pod;
  pod.ns = "default";
  pod.name = name;
  pod.uid = "uid-" + name;
  pod.request.milli_cpu = milli_cpu;
  pod.request.memory = memory;
  pod.score_cpu = milli_cpu > 0 ? milli_cpu : 100;
  pod.score_memory = memory > 0 ? memory : 200 << 20;
  return pod;
}

inline std::shared_ptr<NodeInfo> MakeNode(const std::string& name, int64_t milli_cpu = 4000, int64_t memory = 8LL << 30,
                                          Labels labels = {}) {
  auto spec = std::make_shared<NodeSpec>();
  spec->name = name;
  spec->labels = std::move(labels);
  spec->labels["kubernetes.io/hostname"] = name;
  spec->allocatable.milli_cpu = milli_cpu;
  spec->allocatable.memory = memory;
  spec->max_pods = 110;
  auto node = std::make_shared<NodeInfo>();
  node->spec = spec;
  return node;
}

inline void Put(NodeInfo& node, PodInfo pod) {
  pod.node_name = node.spec->name;
  node.Add(std::make_shared<const PodInfo>(std::move(pod)));
}

inline void Edit(NodeInfo& node, const std::function<void(NodeSpec&)>& change) {
  auto spec = std::make_shared<NodeSpec>(*node.spec);
  change(*spec);
  node.spec = spec;
}

inline Snapshot MakeSnapshot(std::vector<NodePtr> nodes) {
  Snapshot snapshot;
  for (size_t i = 0; i < nodes.size(); ++i) {
    snapshot.index[nodes[i]->spec->name] = i;
    snapshot.nodes_with_affinity += nodes[i]->affinity_pods > 0;
    snapshot.nodes_with_anti_affinity += nodes[i]->anti_affinity_pods > 0;
  }
  snapshot.nodes = std::move(nodes);
  return snapshot;
}

}  // namespace scheduler
