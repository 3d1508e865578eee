// A CRI runtime as the kubelet's container runtime.
//
// Changes are found by relisting once a second, as upstream's generic pod lifecycle event generator does, and at once after
// a container that we stopped has ended. Containers that ended are remembered: their status does not change any more.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "kubelet/runtime/container_runtime.h"
#include "kubelet/runtime/cri/cri_client.h"

namespace kubelet {

struct CriOptions {
  std::string cgroup_root;                      // parent of the pods' groups, below the machine's root group
  int64_t pod_pids_limit = 0;                   // 0: none
  absl::Duration patience = absl::Seconds(30);  // for a runtime that is still starting
};

// Waits until the runtime answers Version. Unavailable: it did not within the patience.
absl::StatusOr<std::unique_ptr<ContainerRuntime>> NewCriRuntime(std::unique_ptr<CriClient> client, const CriOptions& options);

}  // namespace kubelet
