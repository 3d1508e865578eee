// Facts about a pod given to its own containers: fieldRef and resourceFieldRef. Pure.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "k8s/core/v1/pod.pb.h"

namespace kubelet {

// What the pod's object cannot say itself.
struct PodContext {
  std::string node_name;
  std::string host_ip, pod_ip;
  std::string pod_ips;                 // comma-separated
  int64_t node_milli_cpu = 0, node_memory = 0, node_ephemeral = 0;  // allocatable: the limit where none is set
};

absl::StatusOr<std::string> ResolveField(const k8s::core::v1::Pod& pod, const PodContext& context, const std::string& path);
// `container`: where the reference stands, when it names none.
absl::StatusOr<std::string> ResolveResource(const k8s::core::v1::Pod& pod, const PodContext& context,
                                            const k8s::core::v1::ResourceFieldSelector& ref, const std::string& container);

}  // namespace kubelet
