// Everything the decisions about one pod depend on, as plain values: the pod, what the runtime shows, what this kubelet
// remembers. The planner (plan.h) and the status (status.h) are pure functions of it and of the time.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "k8s/core/v1/pod.pb.h"
#include "kubelet/pods/backoff.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

// Why a container that should run does not, in upstream's words.
struct WaitingReason {
  std::string reason;   // ErrImagePull, CrashLoopBackOff, CreateContainerConfigError, ...
  std::string message;
  absl::Time retry_at;  // not before; InfiniteFuture: an event will tell
};

// Of one container of the pod specification.
struct ContainerFacts {
  std::vector<ContainerStatus> runs;       // what the runtime knows, oldest first
  std::optional<WaitingReason> waiting;    // the last attempt to start it failed so
  bool busy = false;                       // an image pull or a postStart hook is under way
  bool started = false;                    // of the running run: startup probe and postStart hook are through
  bool ready = false;                      // of the running run: started, and the readiness probe says so
  std::string must_restart;                // a probe failed for good: the message of the kill, empty otherwise
  std::map<std::string, std::string> termination_messages;  // by run id

  const ContainerStatus* latest() const { return runs.empty() ? nullptr : &runs.back(); }
  bool running() const { return !runs.empty() && runs.back().state == ContainerState::kRunning; }
};

struct PodFacts {
  std::shared_ptr<const k8s::core::v1::Pod> pod;
  std::vector<SandboxStatus> sandboxes;  // newest last
  std::map<std::string, ContainerFacts> containers;  // by name, every container of the specification
  std::set<std::string> stopping;        // run ids that were asked to stop
  bool volumes_ready = false;
  bool torn_down = false;                // it ran here, and nothing of it runs any more
  // The pod is to end: deletion was asked for, it vanished from its source, or it failed as a whole.
  bool ending = false;
  absl::Duration grace = absl::Seconds(30);       // of the end, from when it began
  std::string failed_reason, failed_message;      // DeadlineExceeded, Evicted, ...
  bool rejected = false;                 // it failed before this node took it
  absl::Time start_time;
  std::string host_ip;
  std::string runtime_name;              // prefix of container ids

  const SandboxStatus* ready_sandbox() const {
    return sandboxes.empty() || sandboxes.back().state != SandboxState::kReady ? nullptr : &sandboxes.back();
  }
};

}  // namespace kubelet
