#include "scheduler/framework/node_info.h"

#include <algorithm>

namespace scheduler {
namespace {

bool HasAffinity(const PodInfo& pod) {
  return !pod.required_affinity.empty() || !pod.required_anti_affinity.empty() || !pod.preferred_affinity.empty() ||
         !pod.preferred_anti_affinity.empty();
}

}  // namespace

void NodeInfo::Add(PodPtr pod) {
  requested.Add(pod->request);
  score_cpu += pod->score_cpu;
  score_memory += pod->score_memory;
  ports.insert(ports.end(), pod->ports.begin(), pod->ports.end());
  if (HasAffinity(*pod)) ++affinity_pods;
  if (!pod->required_anti_affinity.empty()) ++anti_affinity_pods;
  pods.push_back(std::move(pod));
}

bool NodeInfo::Remove(const std::string& uid) {
  const auto found = std::find_if(pods.begin(), pods.end(), [&](const PodPtr& p) { return p->uid == uid; });
  if (found == pods.end()) return false;
  const PodPtr pod = std::move(*found);
  pods.erase(found);
  requested.Sub(pod->request);
  score_cpu -= pod->score_cpu;
  score_memory -= pod->score_memory;
  if (HasAffinity(*pod)) --affinity_pods;
  if (!pod->required_anti_affinity.empty()) --anti_affinity_pods;
  ports.clear();
  for (const PodPtr& left : pods) ports.insert(ports.end(), left->ports.begin(), left->ports.end());
  return true;
}

}  // namespace scheduler
