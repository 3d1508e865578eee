// The configuration file of kube-scheduler (--config): KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1. Pure.
//
// Read strictly, with upstream's words for what is wrong. What this scheduler does not have (extenders, arguments of some
// plugins, extension points that are no filters or scores of their own) is refused, never overlooked.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scheduler/plugins/plugins.h"

namespace scheduler {

struct ProfileConfig {
  std::string scheduler_name = "default-scheduler";
  int percentage_of_nodes_to_score = 0;
  bool preempts = true;                 // DefaultPreemption is on
  std::vector<std::string> filters;     // names, in order
  std::vector<PluginWeight> scores;     // likewise
  FitArgs fit;                          // of NodeResourcesFit
};

struct SchedulerConfig {
  std::string kubeconfig;
  std::optional<bool> leader_elect;
  std::optional<absl::Duration> lease_duration, renew_deadline, retry_period;
  std::string lease_name, lease_namespace;
  absl::Duration initial_backoff = absl::Seconds(1), max_backoff = absl::Seconds(10);
  std::vector<ProfileConfig> profiles;  // at least one
  std::vector<std::string> warnings;    // a line for each setting that says something and changes nothing here
};

// One profile, default-scheduler, with all plugins.
SchedulerConfig DefaultConfig();
// InvalidArgument with upstream's text.
absl::StatusOr<SchedulerConfig> ParseConfig(absl::string_view yaml);

}  // namespace scheduler
