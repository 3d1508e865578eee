// What to do next for a pod: a pure function of its facts and the time, safe to run at any moment and any number of times.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "kubelet/pods/pod_facts.h"

namespace kubelet {

struct StopAction {
  std::string container;  // name
  std::string run_id;
  absl::Duration grace;
  std::string message;    // of the Killing event
};

struct PodPlan {
  bool set_up_volumes = false;
  std::vector<std::string> end_sandboxes;  // stop them: their containers and network go
  bool make_sandbox = false;
  uint32_t sandbox_attempt = 0;
  std::vector<std::string> start;          // containers, in order
  std::vector<StopAction> stop;
  std::vector<std::string> remove_runs;    // dead and superseded
  // Containers that wait out a delay after a crash, with how long it still lasts.
  std::vector<std::pair<std::string, absl::Duration>> crash_waits;
  bool finished = false;                   // nothing runs and nothing will: the pod's end can be reported
  std::optional<absl::Time> recheck_at;    // when time alone changes the answer
};

// `restarts`: the delays of crashed containers; BackoffKey names them.
PodPlan PlanPod(const PodFacts& facts, const Backoff& restarts, absl::Time now);
std::string BackoffKey(const k8s::core::v1::Pod& pod, const std::string& container);

// Whether a container that ended is started again.
bool ShouldRestart(const k8s::core::v1::Pod& pod, const k8s::core::v1::Container& container, bool init,
                   const ContainerStatus& ended);

// How far the init containers of the current sandbox are.
struct InitProgress {
  bool done = false;      // the pod's own containers may start (or have started)
  bool failed = false;    // one failed and is not restarted
};
InitProgress ComputeInitProgress(const PodFacts& facts);

// Runs of the pod's newest sandbox only: with a new sandbox everything starts over.
const ContainerStatus* CurrentRun(const PodFacts& facts, const std::string& container);

}  // namespace kubelet
