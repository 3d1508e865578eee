// Who runs on the node and what it uses, put together from the pods and the runtime.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "kubelet/pods/pod_manager.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

struct RunningContainer {
  ContainerStatus status;
  ContainerUsage usage;
};

struct RunningPod {
  std::shared_ptr<const k8s::core::v1::Pod> pod;
  std::string sandbox_id;
  std::vector<RunningContainer> containers;  // at least one
};

std::vector<RunningPod> FindRunning(const PodManager& pods, const ContainerRuntime& runtime);

}  // namespace kubelet
