// Runs one probe or lifecycle handler, once: exec in the container, or HTTP, TCP or gRPC to the pod's address.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "k8s/core/v1/pod.pb.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

struct ProbeOutcome {
  bool success = false;
  std::string message;  // what events quote
  bool unknown = false;  // the question could not be put: no answer either way
};

// Blocking, thread-safe. `pod_ip`: where network probes go when the probe names no host.
class Prober {
 public:
  explicit Prober(ContainerRuntime& runtime) : runtime_(runtime) {}

  ProbeOutcome Probe(const k8s::core::v1::Probe& probe, const k8s::core::v1::Container& container, const std::string& run_id,
                     const std::string& pod_ip);
  // postStart and preStop. The error has upstream's wording.
  absl::Status RunHook(const k8s::core::v1::LifecycleHandler& hook, const k8s::core::v1::Pod& pod,
                       const k8s::core::v1::Container& container, const std::string& run_id, const std::string& pod_ip,
                       absl::Duration timeout);

 private:
  ContainerRuntime& runtime_;
};

}  // namespace kubelet
