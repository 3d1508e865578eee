// The built-in scheduling plugins, in upstream's names, order and weights.
#pragma once
#include <memory>

#include "scheduler/framework/decide.h"

namespace scheduler {

Profile DefaultProfile();

inline constexpr char kVolumeBinding[] = "VolumeBinding";

// Each on its own, for tests and for the profile.
std::unique_ptr<FilterPlugin> NewNodeUnschedulable();
std::unique_ptr<FilterPlugin> NewNodeName();
std::unique_ptr<FilterPlugin> NewTaintTolerationFilter();
std::unique_ptr<FilterPlugin> NewNodeAffinityFilter();
std::unique_ptr<FilterPlugin> NewNodePorts();
std::unique_ptr<FilterPlugin> NewNodeResourcesFitFilter();
std::unique_ptr<FilterPlugin> NewVolumeBinding();
std::unique_ptr<FilterPlugin> NewPodTopologySpreadFilter();
std::unique_ptr<FilterPlugin> NewInterPodAffinityFilter();

std::unique_ptr<ScorePlugin> NewTaintTolerationScore();
std::unique_ptr<ScorePlugin> NewNodeAffinityScore();
std::unique_ptr<ScorePlugin> NewLeastAllocated();  // NodeResourcesFit: the emptiest node wins
std::unique_ptr<ScorePlugin> NewBalancedAllocation();
std::unique_ptr<ScorePlugin> NewImageLocality();
std::unique_ptr<ScorePlugin> NewPodTopologySpreadScore();
std::unique_ptr<ScorePlugin> NewInterPodAffinityScore();

// Shared by plugins: nodeSelector and required node affinity.
bool MatchesNodeAffinity(const PodInfo& pod, const NodeSpec& node);
// The first NoSchedule or NoExecute taint that the pod does not tolerate; null when it tolerates all.
const Taint* FindUntolerated(const PodInfo& pod, const NodeSpec& node);

}  // namespace scheduler
