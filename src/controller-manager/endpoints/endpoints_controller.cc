#include "controller-manager/endpoints/endpoints_controller.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/framework/metadata.h"

namespace controller_manager {
namespace {

using k8s::core::v1::EndpointAddress;
using k8s::core::v1::Endpoints;
using k8s::core::v1::EndpointSubset;
using ServicePtr = std::shared_ptr<const Service>;

constexpr size_t kMaxAddresses = 1000;
constexpr char kManagedByLabel[] = "endpoints.kubernetes.io/managed-by";
constexpr char kManager[] = "endpoint-controller";
constexpr char kOverCapacity[] = "endpoints.kubernetes.io/over-capacity";

bool SameSubsets(const Endpoints& endpoints, const std::vector<EndpointSubset>& wanted) {
  if (endpoints.subsets_size() != static_cast<int>(wanted.size())) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const EndpointSubset& a = endpoints.subsets(static_cast<int>(i));
    const EndpointSubset& b = wanted[i];
    const auto same_addresses = [](const auto& x, const auto& y) {
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const EndpointAddress& p, const EndpointAddress& q) {
        return p.ip() == q.ip() && p.nodename() == q.nodename() && p.hostname() == q.hostname() &&
               p.targetref().uid() == q.targetref().uid();
      });
    };
    if (!same_addresses(a.addresses(), b.addresses()) ||
        !same_addresses(a.notreadyaddresses(), b.notreadyaddresses()) ||
        !std::equal(a.ports().begin(), a.ports().end(), b.ports().begin(), b.ports().end(),
                    [](const auto& p, const auto& q) {
                      return p.name() == q.name() && p.port() == q.port() && p.protocol() == q.protocol() &&
                             p.appprotocol() == q.appprotocol();
                    })) {
      return false;
    }
  }
  return true;
}

class EndpointsController final : public Controller {
 public:
  EndpointsController(const Context& context, int workers)
      : Controller("endpoint-controller", workers), api_(context.api),
        services_(context.informers.For<Service>()), pods_(context.informers.For<Pod>()),
        endpoints_(context.informers.For<Endpoints>()), events_(context.events.As({"endpoint-controller"})) {
    services_.OnChange([this](const Service& service) { Enqueue(service.metadata()); });
    pods_.AddHandler({[this](const PodPtr& pod) { OnPod(nullptr, pod.get()); },
                      [this](const PodPtr& old, const PodPtr& pod) { OnPod(old.get(), pod.get()); },
                      [this](const PodPtr& pod) { OnPod(pod.get(), nullptr); }});
    endpoints_.OnChange([this](const Endpoints& e) { Enqueue(e.metadata()); });
  }
  ~EndpointsController() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const ServicePtr service = services_.Get(key);
    const auto there = endpoints_.Get(key);
    if (service == nullptr) {
      // Ours to remove only when we made it: people write Endpoints by hand for services without selectors.
      const bool ours = there != nullptr && there->metadata().labels().contains(kManagedByLabel);
      if (!ours) return absl::OkStatus();
      const auto [ns, name] = client::SplitKey(key);
      const absl::Status removed = api_.Delete<Endpoints>(ns, name, {.uid = there->metadata().uid()});
      return IsNotFound(removed) || client::IsConflict(removed) ? absl::OkStatus() : removed;
    }
    if (service->spec().selector().empty()) return absl::OkStatus();
    std::vector<PodPtr> pods;
    for (PodPtr& pod : pods_.Namespace(service->metadata().namespace_())) {
      if (MatchesSet(service->spec().selector(), pod->metadata().labels())) pods.push_back(std::move(pod));
    }
    bool truncated = false;
    const std::vector<EndpointSubset> subsets = PlanSubsets(*service, pods, truncated);
    Endpoints next;
    if (there != nullptr) next = *there;
    auto& metadata = *next.mutable_metadata();
    metadata.set_name(service->metadata().name());
    metadata.set_namespace_(service->metadata().namespace_());
    Labels labels = service->metadata().labels();
    labels.erase(kHeadless);
    if (service->spec().clusterip() == "None") labels[kHeadless] = "";
    labels[kManagedByLabel] = kManager;
    if (there != nullptr && SameSubsets(*there, subsets) && MatchesSet(labels, there->metadata().labels()) &&
        labels.size() == there->metadata().labels().size() &&
        truncated == there->metadata().annotations().contains(kOverCapacity)) {
      return absl::OkStatus();
    }
    *metadata.mutable_labels() = labels;
    auto& annotations = *metadata.mutable_annotations();
    annotations[kLastChangeTrigger] =
        absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", LastChangeTrigger(*service, pods), absl::UTCTimeZone());
    if (truncated) {
      annotations[kOverCapacity] = "truncated";
    } else {
      annotations.erase(kOverCapacity);
    }
    next.clear_subsets();
    for (const EndpointSubset& subset : subsets) *next.add_subsets() = subset;
    const absl::Status written = (there == nullptr ? api_.Create(next) : api_.Update(next)).status();
    if (client::IsNamespaceTerminating(written) || IsNotFound(written)) return absl::OkStatus();
    if (!written.ok() && !client::IsConflict(written) && !IsAlreadyExists(written)) {
      events_.Warning(client::RefTo(*service), there == nullptr ? "FailedToCreateEndpoint" : "FailedToUpdateEndpoint",
                      absl::StrCat("Failed to ", there == nullptr ? "create" : "update", " endpoint ", key, ": ",
                                   written.message()));
    }
    return written;
  }

 private:
  void Enqueue(const ObjectMeta& metadata) { queue().Add(client::KeyOf(metadata.namespace_(), metadata.name())); }

  void OnPod(const Pod* old, const Pod* now) {
    const Pod& pod = now != nullptr ? *now : *old;
    ForServicesOf(services_.Namespace(pod.metadata().namespace_()), old, now,
                  [this](const Service& service) { Enqueue(service.metadata()); });
  }

  const client::ApiClient& api_;
  client::Informer<Service>& services_;
  client::Informer<Pod>& pods_;
  client::Informer<Endpoints>& endpoints_;
  const client::EventRecorder events_;
};

}  // namespace

std::vector<EndpointSubset> PlanSubsets(const Service& service, const std::vector<PodPtr>& pods, bool& truncated) {
  truncated = false;
  // ports -> address (with the pod's uid, to tell apart pods that share one) -> {pod, ready}
  std::map<std::vector<EndpointPortSpec>, std::map<std::pair<std::string, std::string>, std::pair<const Pod*, bool>>>
      groups;
  size_t addresses = 0;
  const bool publish_all = service.spec().publishnotreadyaddresses();
  for (const PodPtr& pod : pods) {
    if (!IsEndpoint(*pod, publish_all)) continue;
    std::vector<EndpointPortSpec> ports = PortsFor(service, *pod);
    // A pod that serves none of the ports is no endpoint; a headless service may have no ports at all.
    if (ports.empty() && service.spec().ports_size() > 0) continue;
    if (++addresses > kMaxAddresses) {
      truncated = true;
      break;
    }
    groups[std::move(ports)][{pod->status().podip(), pod->metadata().uid()}] = {pod.get(),
                                                                               publish_all || IsReady(*pod)};
  }
  std::vector<EndpointSubset> subsets;
  for (const auto& [ports, members] : groups) {
    EndpointSubset& subset = subsets.emplace_back();
    for (const auto& [id, member] : members) {
      const Pod& pod = *member.first;
      EndpointAddress& address = member.second ? *subset.add_addresses() : *subset.add_notreadyaddresses();
      address.set_ip(id.first);
      if (const std::string host = EndpointHostname(service, pod); !host.empty()) address.set_hostname(host);
      if (!pod.spec().nodename().empty()) address.set_nodename(pod.spec().nodename());
      auto& ref = *address.mutable_targetref();
      ref.set_kind("Pod");
      ref.set_namespace_(pod.metadata().namespace_());
      ref.set_name(pod.metadata().name());
      ref.set_uid(pod.metadata().uid());
    }
    for (const EndpointPortSpec& port : ports) {
      auto& out = *subset.add_ports();
      out.set_name(port.name);
      out.set_port(port.port);
      out.set_protocol(port.protocol);
      if (!port.app_protocol.empty()) out.set_appprotocol(port.app_protocol);
    }
  }
  return subsets;
}

std::unique_ptr<Controller> NewEndpointsController(const Context& context, int workers) {
  return std::make_unique<EndpointsController>(context, workers);
}

}  // namespace controller_manager
