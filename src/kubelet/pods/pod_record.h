// What the kubelet remembers of one pod between looks at it.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "k8s/core/v1/pod.pb.h"
#include "kubelet/pods/backoff.h"
#include "kubelet/pods/pod_facts.h"
#include "kubelet/probes/probe_state.h"

namespace kubelet {

// One probe of one run of a container.
struct ActiveProbe {
  std::string container, run_id;
  ProbeKind kind;
  ProbeState state;
  k8s::core::v1::Probe spec;
  absl::Time started_at;  // of the run
  bool over = false;
};

struct ContainerMemory {
  std::optional<WaitingReason> waiting;
  bool busy = false;
  std::string post_started;   // run id whose postStart hook is through
  std::string probed;         // run id that has its probes
  std::shared_ptr<ActiveProbe> startup, liveness, readiness;
  std::string must_restart, must_restart_run;
  std::map<std::string, std::string> termination_messages;
  std::string told_backoff;   // run id whose back-off was told by an event
  std::string pulled;         // image reference pulled for the coming run
  std::string pull_error;     // of the last failed pull
  absl::Time pull_failed_at;
};

struct PodRecord {
  absl::Mutex mu;
  std::shared_ptr<const k8s::core::v1::Pod> pod ABSL_GUARDED_BY(mu);
  std::map<std::string, ContainerMemory> containers ABSL_GUARDED_BY(mu);
  std::set<std::string> stopping ABSL_GUARDED_BY(mu);
  bool gone ABSL_GUARDED_BY(mu) = false;           // left its source
  std::optional<absl::Duration> grace ABSL_GUARDED_BY(mu);  // of the stop under way
  std::string failed_reason ABSL_GUARDED_BY(mu), failed_message ABSL_GUARDED_BY(mu);
  bool rejected ABSL_GUARDED_BY(mu) = false;       // not admitted: failed_reason says why
  std::string mirror_uid ABSL_GUARDED_BY(mu);
  std::optional<k8s::core::v1::PodStatus> status ABSL_GUARDED_BY(mu);  // last reported
  bool delete_asked ABSL_GUARDED_BY(mu) = false;

  // Of the worker alone.
  Backoff restarts, pulls;
  absl::Time start_time;
  const absl::Time seen = absl::Now();  // first, by this kubelet
  bool worked_on = false;
  bool volumes_ready = false;
  absl::Time volumes_at, volumes_retry_at;
  int volumes_tries = 0;
  std::string hosts_written_for;  // the address in the pod's hosts file
  absl::Time sandbox_retry_at;
};

}  // namespace kubelet
