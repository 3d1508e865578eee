#include "controller-manager/podautoscaler/autoscale_plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "controller-manager/framework/metadata.h"

namespace controller_manager {
namespace {

using k8s::autoscaling::v2::MetricSpec;

void SetCondition(HorizontalPodAutoscalerStatus* status, const std::string& type, const std::string& state,
                  const std::string& reason, const std::string& message, absl::Time now) {
  auto& conditions = *status->mutable_conditions();
  auto found = std::find_if(conditions.begin(), conditions.end(), [&](const auto& c) { return c.type() == type; });
  auto& condition = found == conditions.end() ? *status->add_conditions() : *found;
  if (condition.status() != state) SetTime(now, condition.mutable_lasttransitiontime());
  condition.set_type(type);
  condition.set_status(state);
  condition.set_reason(reason);
  condition.set_message(message);
}

// Why a metric's value is not known, with the reason that upstream's events give.
struct Unknown {
  std::string reason, what, why;
};

Unknown WithoutMetricsApi(const MetricSpec& metric) {
  constexpr char kNoResource[] =
      "unable to fetch metrics from resource metrics API: the server could not find the requested resource (get "
      "pods.metrics.k8s.io)";
  const auto resource = [&](const std::string& name, bool amount, const char* reason, const char* noun) {
    return Unknown{reason, absl::StrCat(name, " ", noun),
                   absl::StrCat("failed to get ", name, amount ? " usage" : " utilization",
                                ": unable to get metrics for resource ", name, ": ", kNoResource)};
  };
  if (metric.type() == "Resource") {
    return resource(metric.resource().name(), metric.resource().target().has_averagevalue(),
                    "FailedGetResourceMetric", "resource metric value");
  }
  if (metric.type() == "ContainerResource") {
    return resource(metric.containerresource().name(), metric.containerresource().target().has_averagevalue(),
                    "FailedGetContainerResourceMetric", "container metric value");
  }
  const auto custom = [](const char* reason, const char* what, const std::string& name, const char* api,
                         const char* group) {
    return Unknown{reason, what,
                   absl::StrCat("unable to get metric ", name, ": unable to fetch metrics from ", api, ": no ", api,
                                " (", group, ") registered")};
  };
  if (metric.type() == "Pods") {
    return custom("FailedGetPodsMetric", "pods metric value", metric.pods().metric().name(), "custom metrics API",
                  "custom.metrics.k8s.io");
  }
  if (metric.type() == "Object") {
    return custom("FailedGetObjectMetric", "object metric value", metric.object().metric().name(),
                  "custom metrics API", "custom.metrics.k8s.io");
  }
  return custom("FailedGetExternalMetric", "external metric value", metric.external().metric().name(),
                "external metrics API", "external.metrics.k8s.io");
}

}  // namespace

AutoscalePlan PlanAutoscale(const HorizontalPodAutoscaler& hpa, const absl::StatusOr<CurrentScale>& scale,
                            absl::Time now) {
  AutoscalePlan plan;
  HorizontalPodAutoscalerStatus& status = plan.status;
  status = hpa.status();
  const auto finish = [&] {
    plan.changed = status.SerializePartialAsString() != hpa.status().SerializePartialAsString();
    return plan;
  };
  if (!scale.ok()) {
    const std::string why(scale.status().message());
    plan.events.push_back({true, "FailedGetScale", why});
    SetCondition(&status, "AbleToScale", "False", "FailedGetScale",
                 absl::StrCat("the HPA controller was unable to get the target's current scale: ", why), now);
    return finish();
  }
  SetCondition(&status, "AbleToScale", "True", "SucceededGetScale",
               "the HPA controller was able to get the target's current scale", now);
  status.set_currentreplicas(scale->present);
  const int least = hpa.spec().has_minreplicas() ? hpa.spec().minreplicas() : 1, most = hpa.spec().maxreplicas();
  const auto rescale = [&](int replicas, const char* why) {
    plan.rescale = replicas;
    plan.events.push_back(
        {false, "SuccessfulRescale", absl::StrCat("New size: ", replicas, "; reason: ", why)});
  };
  if (scale->wanted == 0 && least != 0) {
    status.set_desiredreplicas(0);
    SetCondition(&status, "ScalingActive", "False", "ScalingDisabled",
                 "scaling is disabled since the replica count of the target is zero", now);
  } else if (scale->wanted > most) {
    rescale(most, "Current number of replicas above Spec.MaxReplicas");
  } else if (scale->wanted < least) {
    rescale(least, "Current number of replicas below Spec.MinReplicas");
  } else if (!hpa.spec().metrics().empty()) {
    std::optional<Unknown> first;
    for (const MetricSpec& metric : hpa.spec().metrics()) {
      Unknown unknown = WithoutMetricsApi(metric);
      plan.events.push_back({true, unknown.reason, unknown.why});
      if (!first.has_value()) first = std::move(unknown);
    }
    const int count = hpa.spec().metrics_size();
    status.clear_currentmetrics();
    for (int i = 0; i < count; ++i) status.add_currentmetrics()->set_type("");
    SetCondition(&status, "ScalingActive", "False", first->reason,
                 absl::StrCat("the HPA was unable to compute the replica count: ", first->why), now);
    plan.events.push_back({true, "FailedComputeMetricsReplicas",
                           absl::StrCat("invalid metrics (", count, " invalid out of ", count, "), first error is: ",
                                        "failed to get ", first->what, ": ", first->why)});
  }
  return finish();
}

void Rescaled(const absl::Status& outcome, int replicas, absl::Time now, HorizontalPodAutoscalerStatus* status) {
  if (!outcome.ok()) {
    SetCondition(status, "AbleToScale", "False", "FailedUpdateScale",
                 absl::StrCat("the HPA controller was unable to update the target scale: ", outcome.message()), now);
    return;
  }
  SetCondition(status, "AbleToScale", "True", "SucceededRescale",
               absl::StrCat("the HPA controller was able to update the target scale to ", replicas), now);
  status->set_desiredreplicas(replicas);
  SetTime(now, status->mutable_lastscaletime());
}

}  // namespace controller_manager
