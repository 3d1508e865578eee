// From a pod to what the runtime is told. Pure.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "k8s/core/v1/pod.pb.h"
#include "kubelet/pods/env.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

// What the node adds to every pod.
struct NodeSettings {
  std::string node_name;
  std::vector<std::string> cluster_dns;
  std::string cluster_domain;
  std::string host_resolv_conf;     // content of the node's file
  std::string log_root;             // of pod logs
  int64_t memory_capacity = 0;      // bytes
  std::string seccomp_root;         // what localhostProfile is relative to
  bool seccomp_default = false;     // pods that ask for no profile get the runtime's
};

SandboxConfig MakeSandboxConfig(const k8s::core::v1::Pod& pod, const NodeSettings& node, uint32_t attempt);

// FailedPrecondition with upstream's text when runAsNonRoot is violated, judged by the image's user where the pod names none,
// or when a Localhost seccomp profile names no file.
absl::StatusOr<ContainerConfig> MakeContainerConfig(const k8s::core::v1::Pod& pod, const k8s::core::v1::Container& container,
                                                    const NodeSettings& node, const EnvList& env, const Image& image,
                                                    uint32_t attempt);

// Content of a container's /etc/hosts.
std::string MakeHostsFile(const k8s::core::v1::Pod& pod, const NodeSettings& node, const std::string& pod_ip,
                          const std::string& host_file);

// Score that tells the kernel which containers to sacrifice first when memory ends.
int OomScoreAdjust(const k8s::core::v1::Pod& pod, const k8s::core::v1::Container& container, int64_t memory_capacity);

std::string PodLogDirectory(const k8s::core::v1::Pod& pod, const std::string& log_root);  // ROOT/ns_name_uid

}  // namespace kubelet
