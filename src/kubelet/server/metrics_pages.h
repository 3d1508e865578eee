// The node's pages of Prometheus text, with upstream's names.
#pragma once
#include <string>

#include "kubelet/pods/pod_manager.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

// What the pages look at. All outlive it.
struct MetricsSources {
  const PodManager& pods;
  const ContainerRuntime& runtime;
  std::string node_name, root_dir;
};

std::string NodeMetrics(const MetricsSources& sources);      // /metrics: the kubelet itself
std::string ResourceMetrics(const MetricsSources& sources);  // /metrics/resource: processors and memory, for autoscaling
std::string CadvisorMetrics(const MetricsSources& sources);  // /metrics/cadvisor: all of containers and the machine

inline constexpr double kNanosPerSecond = 1e9;
// Processor time of the whole node, in nanoseconds.
uint64_t NodeCpuNanos();

}  // namespace kubelet
