#include "base/metrics/stability.h"

#include <algorithm>

namespace base {
namespace {

struct Named {
  absl::string_view name, stability;
};

// By name; everything else is ALPHA. Names of upstream's 1.35.
constexpr Named kSteady[] = {
    {"apiserver_admission_controller_admission_duration_seconds", "STABLE"},
    {"apiserver_admission_step_admission_duration_seconds", "STABLE"},
    {"apiserver_admission_webhook_admission_duration_seconds", "STABLE"},
    {"apiserver_authentication_config_controller_automatic_reload_last_timestamp_seconds", "BETA"},
    {"apiserver_authentication_config_controller_automatic_reloads_total", "BETA"},
    {"apiserver_authorization_config_controller_automatic_reload_last_timestamp_seconds", "BETA"},
    {"apiserver_authorization_config_controller_automatic_reloads_total", "BETA"},
    {"apiserver_cel_compilation_duration_seconds", "BETA"},
    {"apiserver_cel_evaluation_duration_seconds", "BETA"},
    {"apiserver_current_inflight_requests", "STABLE"},
    {"apiserver_flowcontrol_current_executing_requests", "BETA"},
    {"apiserver_flowcontrol_current_executing_seats", "BETA"},
    {"apiserver_flowcontrol_current_inqueue_requests", "BETA"},
    {"apiserver_flowcontrol_dispatched_requests_total", "BETA"},
    {"apiserver_flowcontrol_nominal_limit_seats", "BETA"},
    {"apiserver_flowcontrol_rejected_requests_total", "BETA"},
    {"apiserver_flowcontrol_request_wait_duration_seconds", "BETA"},
    {"apiserver_longrunning_requests", "STABLE"},
    {"apiserver_request_duration_seconds", "STABLE"},
    {"apiserver_request_total", "STABLE"},
    {"apiserver_requested_deprecated_apis", "STABLE"},
    {"apiserver_response_sizes", "STABLE"},
    {"apiserver_storage_objects", "STABLE"},
    {"apiserver_storage_size_bytes", "STABLE"},
    {"apiserver_validating_admission_policy_check_duration_seconds", "BETA"},
    {"apiserver_validating_admission_policy_check_total", "BETA"},
    {"apiserver_validation_declarative_validation_mismatch_total", "BETA"},
    {"apiserver_validation_declarative_validation_panic_total", "BETA"},
    {"apiserver_validation_duplicate_validation_error_total", "INTERNAL"},
    {"container_cpu_usage_seconds_total", "STABLE"},
    {"container_memory_working_set_bytes", "STABLE"},
    {"container_start_time_seconds", "STABLE"},
    {"cronjob_controller_job_creation_skew_duration_seconds", "STABLE"},
    {"disabled_metrics_total", "BETA"},
    {"hidden_metrics_total", "BETA"},
    {"job_controller_job_pods_finished_total", "STABLE"},
    {"job_controller_job_sync_duration_seconds", "STABLE"},
    {"job_controller_job_syncs_total", "STABLE"},
    {"job_controller_jobs_finished_total", "STABLE"},
    {"kube_pod_resource_limit", "STABLE"},
    {"kube_pod_resource_request", "STABLE"},
    {"kubernetes_build_info", "BETA"},
    {"kubernetes_feature_enabled", "BETA"},
    {"kubernetes_healthcheck", "STABLE"},
    {"kubernetes_healthchecks_total", "STABLE"},
    {"node_collector_evictions_total", "STABLE"},
    {"node_cpu_usage_seconds_total", "STABLE"},
    {"node_memory_working_set_bytes", "STABLE"},
    {"pod_cpu_usage_seconds_total", "STABLE"},
    {"pod_memory_working_set_bytes", "STABLE"},
    {"prober_probe_total", "BETA"},
    {"registered_metrics_total", "BETA"},
    {"resource_scrape_error", "STABLE"},
    {"scheduler_framework_extension_point_duration_seconds", "STABLE"},
    {"scheduler_pending_pods", "STABLE"},
    {"scheduler_pod_scheduling_attempts", "STABLE"},
    {"scheduler_pod_scheduling_sli_duration_seconds", "BETA"},
    {"scheduler_preemption_attempts_total", "STABLE"},
    {"scheduler_preemption_victims", "STABLE"},
    {"scheduler_queue_incoming_pods_total", "STABLE"},
    {"scheduler_schedule_attempts_total", "STABLE"},
    {"scheduler_scheduling_attempt_duration_seconds", "STABLE"},
};

bool OfTheProcess(absl::string_view name) {
  return name.substr(0, 3) == "go_" || name.substr(0, 8) == "process_" || name.substr(0, 6) == "skiff_";
}

}  // namespace

absl::string_view StabilityOf(absl::string_view name) {
  const auto* const end = std::end(kSteady);
  const auto* const found =
      std::lower_bound(std::begin(kSteady), end, name, [](const Named& known, absl::string_view n) { return known.name < n; });
  if (found != end && found->name == name) return found->stability;
  return OfTheProcess(name) ? "" : "ALPHA";
}

}  // namespace base
