#include "controller-manager/endpointslice/endpointslice_controller.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/endpointslice/slice_plan.h"
#include "controller-manager/framework/metadata.h"
#include "k8s/core/v1/node.pb.h"

namespace controller_manager {
namespace {

using k8s::core::v1::Node;
using ServicePtr = std::shared_ptr<const Service>;

constexpr char kByService[] = "service";
constexpr char kZone[] = "topology.kubernetes.io/zone";

class EndpointSliceController final : public Controller {
 public:
  EndpointSliceController(const Context& context, int workers, int max_endpoints)
      : Controller("endpointslice-controller", workers), api_(context.api), max_endpoints_(max_endpoints),
        services_(context.informers.For<Service>()), pods_(context.informers.For<Pod>()),
        nodes_(context.informers.For<Node>()), slices_(context.informers.For<EndpointSlice>()),
        events_(context.events.As({"endpoint-slice-controller"})) {
    slices_.AddIndex(kByService, [](const EndpointSlice& slice, std::vector<std::string>& keys) {
      const Labels& labels = slice.metadata().labels();
      const auto manager = labels.find(kManagedBy), service = labels.find(kServiceName);
      if (manager == labels.end() || manager->second != kSliceManager || service == labels.end()) return;
      keys.push_back(client::KeyOf(slice.metadata().namespace_(), service->second));
    });
    services_.OnChange([this](const Service& service) { Enqueue(service); });
    pods_.AddHandler({[this](const PodPtr& pod) { OnPod(nullptr, pod.get()); },
                      [this](const PodPtr& old, const PodPtr& pod) { OnPod(old.get(), pod.get()); },
                      [this](const PodPtr& pod) { OnPod(pod.get(), nullptr); }});
    slices_.OnChange([this](const EndpointSlice& slice) {
      const auto service = slice.metadata().labels().find(kServiceName);
      if (service != slice.metadata().labels().end()) {
        queue().Add(client::KeyOf(slice.metadata().namespace_(), service->second));
      }
    });
  }
  ~EndpointSliceController() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const ServicePtr service = services_.Get(key);
    if (service == nullptr || service->spec().selector().empty() || service->spec().type() == "ExternalName") {
      return absl::OkStatus();
    }
    if (IsDeleting(service->metadata())) return absl::OkStatus();
    SliceInput input;
    input.service = service.get();
    input.max_endpoints = max_endpoints_;
    for (PodPtr& pod : pods_.Namespace(service->metadata().namespace_())) {
      if (!MatchesSet(service->spec().selector(), pod->metadata().labels())) continue;
      if (const auto node = nodes_.Get(pod->spec().nodename()); node != nullptr) {
        const auto zone = node->metadata().labels().find(kZone);
        if (zone != node->metadata().labels().end()) input.zone_of[pod->spec().nodename()] = zone->second;
      }
      input.pods.push_back(std::move(pod));
    }
    input.existing = slices_.Indexed(kByService, key);
    const absl::Status executed = Execute(PlanSlices(input));
    if (!executed.ok() && !client::IsConflict(executed)) {
      events_.Warning(client::RefTo(*service), "FailedToUpdateEndpointSlices",
                      absl::StrCat("Error updating Endpoint Slices for Service ", key, ": ", executed.message()));
    }
    return executed;
  }

 private:
  void Enqueue(const Service& service) {
    queue().Add(client::KeyOf(service.metadata().namespace_(), service.metadata().name()));
  }

  void OnPod(const Pod* old, const Pod* now) {
    const Pod& pod = now != nullptr ? *now : *old;
    ForServicesOf(services_.Namespace(pod.metadata().namespace_()), old, now,
                  [this](const Service& service) { Enqueue(service); });
  }

  absl::Status Execute(const SlicePlan& plan) {
    for (const EndpointSlice& slice : plan.create) {
      const absl::Status created = api_.Create(slice).status();
      if (client::IsNamespaceTerminating(created)) return absl::OkStatus();
      RETURN_IF_ERROR(created);
    }
    for (const EndpointSlice& slice : plan.update) {
      const absl::Status updated = api_.Update(slice).status();
      if (!IsNotFound(updated)) RETURN_IF_ERROR(updated);
    }
    for (const SlicePtr& slice : plan.remove) {
      const absl::Status removed =
          api_.Delete<EndpointSlice>(slice->metadata().namespace_(), slice->metadata().name());
      if (!IsNotFound(removed)) RETURN_IF_ERROR(removed);
    }
    return absl::OkStatus();
  }

  const client::ApiClient& api_;
  const int max_endpoints_;
  client::Informer<Service>& services_;
  client::Informer<Pod>& pods_;
  client::Informer<Node>& nodes_;
  client::Informer<EndpointSlice>& slices_;
  const client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> NewEndpointSliceController(const Context& context, int workers, int max_endpoints) {
  return std::make_unique<EndpointSliceController>(context, workers, max_endpoints);
}

}  // namespace controller_manager
