#include "controller-manager/podautoscaler/pod_autoscaler.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/framework/discovery.h"
#include "controller-manager/framework/metadata.h"
#include "controller-manager/podautoscaler/autoscale_plan.h"
#include "k8s/autoscaling/v1/autoscaling.pb.h"

namespace client {
template <>
inline constexpr ResourceInfo kResource<k8s::autoscaling::v2::HorizontalPodAutoscaler>{
    "autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true};
}  // namespace client

namespace controller_manager {
namespace {

using k8s::autoscaling::v1::Scale;
using k8s::autoscaling::v2::CrossVersionObjectReference;
using AutoscalerPtr = std::shared_ptr<const HorizontalPodAutoscaler>;

class PodAutoscaler final : public Controller {
 public:
  PodAutoscaler(const Context& context, int workers, absl::Duration period)
      : Controller("horizontal-pod-autoscaler-controller", workers), api_(context.api), clock_(context.clock),
        period_(period), autoscalers_(context.informers.For<HorizontalPodAutoscaler>()),
        events_(context.events.As({"horizontal-pod-autoscaler"})) {
    const auto add = [this](const AutoscalerPtr& hpa) {
      queue().Add(client::KeyOf(hpa->metadata().namespace_(), hpa->metadata().name()));
    };
    // Our own status is no news: the next look comes with the period.
    autoscalers_.AddHandler({add,
                             [add](const AutoscalerPtr& old, const AutoscalerPtr& hpa) {
                               if (old->metadata().generation() != hpa->metadata().generation() ||
                                   old->spec().SerializePartialAsString() != hpa->spec().SerializePartialAsString()) {
                                 add(hpa);
                               }
                             },
                             {}});
  }
  ~PodAutoscaler() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const AutoscalerPtr hpa = autoscalers_.Get(key);
    if (hpa == nullptr || IsDeleting(hpa->metadata())) return absl::OkStatus();
    queue().AddAfter(key, period_);
    const absl::StatusOr<client::Target> target =
        TargetOf(hpa->metadata().namespace_(), hpa->spec().scaletargetref());
    Scale scale;
    const absl::Status found = target.ok() ? Read(*target, &scale) : target.status();
    absl::StatusOr<CurrentScale> current = CurrentScale{scale.spec().replicas(), scale.status().replicas()};
    if (!found.ok()) current = found;
    AutoscalePlan plan = PlanAutoscale(*hpa, current, clock_.Now());
    if (plan.rescale.has_value()) {
      scale.mutable_spec()->set_replicas(*plan.rescale);
      const absl::Status written =
          api_.transport()
              .Update(*target, {"autoscaling/v1", "Scale", scale.SerializePartialAsString()},
                      {.field_manager = "kube-controller-manager"})
              .status();
      Rescaled(written, *plan.rescale, clock_.Now(), &plan.status);
      plan.changed = true;
      if (!written.ok()) {
        plan.events = {{true, "FailedRescale", absl::StrCat("New size: ", *plan.rescale, "; error: ", written.message())}};
      }
    }
    const client::ObjectRef about = client::RefTo(*hpa);
    for (const AutoscaleEvent& event : plan.events) {
      if (event.warning) {
        events_.Warning(about, event.reason, event.message);
      } else {
        events_.Normal(about, event.reason, event.message);
      }
    }
    if (!plan.changed) return absl::OkStatus();
    HorizontalPodAutoscaler next = *hpa;
    *next.mutable_status() = plan.status;
    const absl::Status written = api_.UpdateStatus(next).status();
    return IsNotFound(written) || client::IsConflict(written) ? absl::OkStatus() : written;
  }

 private:
  absl::Status Read(const client::Target& target, Scale* scale) const {
    ASSIGN_OR_RETURN(const client::Object object, api_.transport().Get(target));
    return client::ApiClient::Decode(object.bytes, *scale);
  }

  // The scale subresource of what the reference names; any kind that the server has.
  absl::StatusOr<client::Target> TargetOf(const std::string& ns, const CrossVersionObjectReference& reference) const {
    const std::vector<std::string> parts = absl::StrSplit(reference.apiversion(), '/');
    const std::string group = parts.size() == 2 ? parts[0] : "";
    constexpr const char* kUsual[][3] = {{"apps", "Deployment", "deployments"},
                                         {"apps", "ReplicaSet", "replicasets"},
                                         {"apps", "StatefulSet", "statefulsets"},
                                         {"", "ReplicationController", "replicationcontrollers"}};
    for (const auto& [usual_group, kind, plural] : kUsual) {
      if (group == usual_group && reference.kind() == kind)
        return client::Target{group, "v1", plural, ns, reference.name(), "scale"};
    }
    ASSIGN_OR_RETURN(const Discovery discovery, Discover(api_.transport()));
    for (const DiscoveredResource& resource : discovery.resources) {
      if (resource.group == group && resource.kind == reference.kind())
        return client::Target{group, resource.version, resource.resource, ns, reference.name(), "scale"};
    }
    return absl::NotFoundError(absl::StrCat("no matches for kind \"", reference.kind(), "\" in group \"", group, "\""));
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  const absl::Duration period_;
  client::Informer<HorizontalPodAutoscaler>& autoscalers_;
  const client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> NewPodAutoscaler(const Context& context, int workers, absl::Duration period) {
  return std::make_unique<PodAutoscaler>(context, workers, period);
}

}  // namespace controller_manager
