// The built-in scheduling plugins, in upstream's names, order and weights.
#pragma once
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "scheduler/framework/decide.h"

namespace scheduler {

struct PluginWeight {
  std::string name;
  int weight = 1;
};

// Arguments of NodeResourcesFit: how the node's use becomes a score, and which resources are not looked at.
struct FitArgs {
  enum class Strategy : uint8_t { kLeastAllocated, kMostAllocated, kRequestedToCapacityRatio };
  struct Point {
    int64_t utilization = 0, score = 0;  // both 0..100
  };
  Strategy strategy = Strategy::kLeastAllocated;
  std::vector<PluginWeight> resources = {{"cpu", 1}, {"memory", 1}};
  std::vector<Point> shape;  // of kRequestedToCapacityRatio, by utilization
  std::set<std::string> ignored_resources, ignored_groups;
};

Profile DefaultProfile();
std::vector<std::string> DefaultFilters();   // names, in order
std::vector<PluginWeight> DefaultScores();
// Unknown names are left out.
Profile MakeProfile(const std::vector<std::string>& filters, const std::vector<PluginWeight>& scores, const FitArgs& fit);

inline constexpr char kVolumeBinding[] = "VolumeBinding";

// Each on its own, for tests and for the profile.
std::unique_ptr<FilterPlugin> NewNodeUnschedulable();
std::unique_ptr<FilterPlugin> NewNodeName();
std::unique_ptr<FilterPlugin> NewTaintTolerationFilter();
std::unique_ptr<FilterPlugin> NewNodeAffinityFilter();
std::unique_ptr<FilterPlugin> NewNodePorts();
std::unique_ptr<FilterPlugin> NewNodeResourcesFitFilter(const FitArgs& args = {});
std::unique_ptr<FilterPlugin> NewVolumeBinding();
std::unique_ptr<FilterPlugin> NewPodTopologySpreadFilter();
std::unique_ptr<FilterPlugin> NewInterPodAffinityFilter();

std::unique_ptr<ScorePlugin> NewTaintTolerationScore();
std::unique_ptr<ScorePlugin> NewNodeAffinityScore();
std::unique_ptr<ScorePlugin> NewLeastAllocated();  // NodeResourcesFit: the emptiest node wins
std::unique_ptr<ScorePlugin> NewNodeResourcesFitScore(const FitArgs& args);
std::unique_ptr<ScorePlugin> NewBalancedAllocation();
std::unique_ptr<ScorePlugin> NewImageLocality();
std::unique_ptr<ScorePlugin> NewPodTopologySpreadScore();
std::unique_ptr<ScorePlugin> NewInterPodAffinityScore();

// Shared by plugins: nodeSelector and required node affinity.
bool MatchesNodeAffinity(const PodInfo& pod, const NodeSpec& node);
// The first NoSchedule or NoExecute taint that the pod does not tolerate; null when it tolerates all.
const Taint* FindUntolerated(const PodInfo& pod, const NodeSpec& node);

}  // namespace scheduler
