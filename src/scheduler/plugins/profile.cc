#include "scheduler/plugins/plugins.h"

namespace scheduler {

Profile DefaultProfile() {
  Profile profile;
  profile.filters.push_back(NewNodeUnschedulable());
  profile.filters.push_back(NewNodeName());
  profile.filters.push_back(NewTaintTolerationFilter());
  profile.filters.push_back(NewNodeAffinityFilter());
  profile.filters.push_back(NewNodePorts());
  profile.filters.push_back(NewNodeResourcesFitFilter());
  profile.filters.push_back(NewVolumeBinding());
  profile.filters.push_back(NewPodTopologySpreadFilter());
  profile.filters.push_back(NewInterPodAffinityFilter());
  profile.scores.push_back(NewTaintTolerationScore());
  profile.scores.push_back(NewNodeAffinityScore());
  profile.scores.push_back(NewLeastAllocated());
  profile.scores.push_back(NewBalancedAllocation());
  profile.scores.push_back(NewImageLocality());
  profile.scores.push_back(NewPodTopologySpreadScore());
  profile.scores.push_back(NewInterPodAffinityScore());
  return profile;
}

}  // namespace scheduler
