// Usage of the node and its pods: the stats summary.
#pragma once
#include <string>

#include "kubelet/pods/pod_manager.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

std::string SummaryJson(const PodManager& pods, const ContainerRuntime& runtime, const std::string& node_name, const std::string& root_dir);

}  // namespace kubelet
