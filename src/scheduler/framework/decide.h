// One scheduling decision, start to end: filter, score, pick, or say why not. Pure: no clock, no threads, no I/O.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "scheduler/framework/plugin.h"

namespace scheduler {

struct Profile {
  std::vector<std::unique_ptr<FilterPlugin>> filters;  // the first that rejects a node gives the reason
  std::vector<std::unique_ptr<ScorePlugin>> scores;
  bool preempts = true;  // makes room for more important pods
  int percentage_of_nodes_to_score = 0;  // 0: fewer the larger the cluster, as upstream
};

struct Decision {
  std::string node;  // empty: none fits
  std::string refusal;  // none can, whatever nodes there are
  int total_nodes = 0;
  std::map<std::string, int> reasons;       // text -> nodes
  std::set<std::string> rejected_by;        // plugin names
  std::vector<std::string> maybe_by_preemption;  // nodes where evicting pods could help
  int hopeless_nodes = 0;                        // the others

  // "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable."
  std::string Message() const;
};

// `start`: where among the nodes to begin looking; advanced, so that decisions spread over a large cluster.
Decision Decide(const Profile& profile, const PodInfo& pod, const Snapshot& snapshot, size_t& start, base::Rng& rng);

// All filters at once, for a node as it would be. Fits when every plugin says so.
Verdict FitsNode(const std::vector<FilterFn>& filters, const NodeInfo& node);
std::vector<FilterFn> PrepareFilters(const Profile& profile, const PodInfo& pod, const Snapshot& snapshot);

}  // namespace scheduler
