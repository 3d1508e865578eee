// A runtime whose calls the metrics tell of: kubelet_runtime_operations_*, under upstream's names of them.
#pragma once
#include <memory>

#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

std::unique_ptr<ContainerRuntime> Measure(std::unique_ptr<ContainerRuntime> runtime);

}  // namespace kubelet
