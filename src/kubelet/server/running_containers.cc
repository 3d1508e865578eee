#include "kubelet/server/running_containers.h"

#include <map>
#include <utility>

namespace kubelet {

std::vector<RunningPod> FindRunning(const PodManager& pods, const ContainerRuntime& runtime) {
  std::map<std::string, ContainerUsage> usages;  // by container
  for (ContainerUsage& usage : runtime.Usage()) {
    std::string id = usage.container_id;
    usages.emplace(std::move(id), std::move(usage));
  }
  std::map<std::string, std::vector<RunningContainer>> by_pod;
  for (ContainerStatus& status : runtime.ListContainers("")) {
    const auto usage = usages.find(status.id);
    if (usage == usages.end()) continue;
    std::vector<RunningContainer>& containers = by_pod[status.pod_uid];
    containers.push_back({std::move(status), std::move(usage->second)});
  }
  std::vector<RunningPod> running;
  for (const auto& pod : pods.Pods()) {
    const auto found = by_pod.find(pod->metadata().uid());
    if (found == by_pod.end()) continue;
    const std::string sandbox = found->second.front().status.sandbox_id;
    running.push_back({pod, sandbox, std::move(found->second)});
    by_pod.erase(found);
  }
  return running;
}

}  // namespace kubelet
