// What to do next for one Job: the pure half of the Job controller.
//
// Every pod carries a finalizer until it is counted, so that none is lost or counted twice: a finished pod's uid goes
// into status.uncountedTerminatedPods; once that is stored its finalizer goes; once that has gone the uid becomes a
// number.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller-manager/framework/pods.h"
#include "k8s/batch/v1/job.pb.h"

namespace controller_manager {

using k8s::batch::v1::Job;

inline constexpr char kJobTracking[] = "batch.kubernetes.io/job-tracking";
inline constexpr char kCompletionIndex[] = "batch.kubernetes.io/job-completion-index";

struct JobPlan {
  Job job;                         // with the status to write
  bool status_changed = false;
  std::vector<PodPtr> count;       // finished pods: take their finalizers away after the status is stored
  std::vector<PodPtr> release;     // pods whose finalizer has no use any more
  std::vector<PodPtr> remove;      // active pods to delete
  std::vector<int> create;         // one entry a pod: its completion index, or -1
  struct Event {
    bool warning = false;
    std::string reason, message;
  };
  std::vector<Event> events;
  std::optional<absl::Duration> recheck;
};

// `pods`: all that belong to the job. `may_act` false: the cache lags behind our own writes, so only status is planned.
JobPlan PlanJob(const Job& job, const std::vector<PodPtr>& pods, bool may_act, absl::Time now);

bool IsFinished(const Job& job);  // has a true condition Complete or Failed

// "1,3-5" to {1, 3, 4, 5} and back.
std::set<int> ParseIndexes(const std::string& text);
std::string FormatIndexes(const std::set<int>& indexes);

}  // namespace controller_manager
