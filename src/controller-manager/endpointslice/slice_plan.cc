#include "controller-manager/endpointslice/slice_plan.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "controller-manager/framework/metadata.h"

namespace controller_manager {
namespace {

using k8s::discovery::v1::Endpoint;
using Family = std::string;  // IPv4 or IPv6
// Slices hold endpoints of one family with one set of ports.
using Shape = std::pair<Family, std::vector<EndpointPortSpec>>;

Shape ShapeOf(const EndpointSlice& slice) {
  Shape shape{slice.addresstype(), {}};
  for (const auto& p : slice.ports()) {
    shape.second.push_back({p.name(), p.port(), p.protocol(), p.appprotocol()});
  }
  std::sort(shape.second.begin(), shape.second.end());
  return shape;
}

std::string AddressOf(const Pod& pod, const Family& family) {
  const auto is_family = [&](const std::string& ip) {
    return !ip.empty() && absl::StrContains(ip, ':') == (family == "IPv6");
  };
  for (const auto& ip : pod.status().podips()) {
    if (is_family(ip.ip())) return ip.ip();
  }
  return is_family(pod.status().podip()) ? pod.status().podip() : "";
}

Endpoint MakeEndpoint(const SliceInput& input, const Pod& pod, const std::string& address) {
  const Service& service = *input.service;
  Endpoint endpoint;
  endpoint.add_addresses(address);
  const bool serving = IsReady(pod);
  const bool terminating = IsDeleting(pod.metadata());
  auto& conditions = *endpoint.mutable_conditions();
  conditions.set_ready(service.spec().publishnotreadyaddresses() || (serving && !terminating));
  conditions.set_serving(serving);
  conditions.set_terminating(terminating);
  if (const std::string host = EndpointHostname(service, pod); !host.empty()) endpoint.set_hostname(host);
  if (!pod.spec().nodename().empty()) endpoint.set_nodename(pod.spec().nodename());
  if (const auto zone = input.zone_of.find(pod.spec().nodename()); zone != input.zone_of.end()) {
    endpoint.set_zone(zone->second);
  }
  auto& ref = *endpoint.mutable_targetref();
  ref.set_kind("Pod");
  ref.set_namespace_(pod.metadata().namespace_());
  ref.set_name(pod.metadata().name());
  ref.set_uid(pod.metadata().uid());
  return endpoint;
}

// Equal in what the controller sets; empty and unset strings are the same.
bool Same(const Endpoint& a, const Endpoint& b) {
  return std::equal(a.addresses().begin(), a.addresses().end(), b.addresses().begin(), b.addresses().end()) &&
         a.conditions().ready() == b.conditions().ready() && a.conditions().serving() == b.conditions().serving() &&
         a.conditions().terminating() == b.conditions().terminating() && a.hostname() == b.hostname() &&
         a.nodename() == b.nodename() && a.zone() == b.zone() && a.targetref().uid() == b.targetref().uid();
}

class Planner {
 public:
  explicit Planner(const SliceInput& input) : in_(input), service_(*input.service) {
    trigger_ = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", LastChangeTrigger(service_, input.pods), absl::UTCTimeZone());
  }

  SlicePlan Run() {
    std::map<Shape, absl::flat_hash_map<std::string, Endpoint>> wanted;  // by pod uid
    std::vector<Family> families(service_.spec().ipfamilies().begin(), service_.spec().ipfamilies().end());
    if (families.empty()) families.push_back("IPv4");
    for (const Family& family : families) {
      for (const PodPtr& pod : in_.pods) {
        if (!IsEndpoint(*pod, /*include_terminating=*/true)) continue;
        const std::string address = AddressOf(*pod, family);
        if (address.empty()) continue;
        std::vector<EndpointPortSpec> ports = PortsFor(service_, *pod);
        std::sort(ports.begin(), ports.end());
        wanted[{family, ports}].emplace(pod->metadata().uid(), MakeEndpoint(in_, *pod, address));
      }
    }
    // A service without endpoints still shows one slice, empty and without ports.
    for (const Family& family : families) {
      const bool any = std::any_of(wanted.begin(), wanted.end(), [&](const auto& w) { return w.first.first == family; });
      if (!any) wanted[{family, {}}];
    }
    std::map<Shape, std::vector<SlicePtr>> have;
    for (const SlicePtr& slice : in_.existing) {
      if (IsDeleting(slice->metadata())) continue;
      have[ShapeOf(*slice)].push_back(slice);
    }
    // Shapes that are no longer wanted give their slices to those that need one (ports changed) or go.
    std::vector<SlicePtr> spare;
    for (auto& [shape, slices] : have) {
      if (wanted.contains(shape)) continue;
      for (SlicePtr& slice : slices) spare.push_back(std::move(slice));
    }
    for (auto& [shape, endpoints] : wanted) PlanShape(shape, endpoints, have[shape], spare);
    for (SlicePtr& slice : spare) plan_.remove.push_back(std::move(slice));
    return std::move(plan_);
  }

 private:
  void PlanShape(const Shape& shape, absl::flat_hash_map<std::string, Endpoint>& wanted,
                 const std::vector<SlicePtr>& slices, std::vector<SlicePtr>& spare) {
    struct Draft {
      SlicePtr before;
      std::vector<Endpoint> endpoints;
      bool changed = false;
    };
    const bool placeholder = wanted.empty();
    std::vector<Draft> drafts;
    for (const SlicePtr& slice : slices) {
      Draft draft{slice, {}, !SameMetadata(*slice)};
      for (const Endpoint& endpoint : slice->endpoints()) {
        const auto found = wanted.find(endpoint.targetref().uid());
        if (found == wanted.end()) {
          draft.changed = true;
          continue;
        }
        if (!Same(found->second, endpoint)) draft.changed = true;
        draft.endpoints.push_back(std::move(found->second));
        wanted.erase(found);
      }
      drafts.push_back(std::move(draft));
    }
    std::vector<Endpoint> fresh;
    for (auto& [uid, endpoint] : wanted) fresh.push_back(std::move(endpoint));
    std::sort(fresh.begin(), fresh.end(),
              [](const Endpoint& a, const Endpoint& b) { return a.targetref().name() < b.targetref().name(); });
    const auto fill = [&](Draft& draft) {
      while (!fresh.empty() && static_cast<int>(draft.endpoints.size()) < in_.max_endpoints) {
        draft.endpoints.push_back(std::move(fresh.back()));
        fresh.pop_back();
        draft.changed = true;
      }
    };
    std::reverse(fresh.begin(), fresh.end());
    for (Draft& draft : drafts) {
      if (draft.changed) fill(draft);
    }
    for (Draft& draft : drafts) fill(draft);
    while (!fresh.empty() || (placeholder && drafts.empty())) {
      Draft draft;
      // A slice of the same family that lost its purpose keeps its name.
      const auto reuse = std::find_if(spare.begin(), spare.end(),
                                      [&](const SlicePtr& s) { return s->addresstype() == shape.first; });
      if (reuse != spare.end()) {
        draft.before = std::move(*reuse);
        spare.erase(reuse);
      }
      draft.changed = true;
      fill(draft);
      drafts.push_back(std::move(draft));
    }
    bool kept = false;
    for (Draft& draft : drafts) {
      // The last empty slice stays only as the placeholder.
      if (draft.endpoints.empty() && (!placeholder || kept)) {
        if (draft.before != nullptr) plan_.remove.push_back(std::move(draft.before));
        continue;
      }
      kept = true;
      if (draft.changed) Emit(shape, draft.before.get(), std::move(draft.endpoints));
    }
  }

  // The labels a slice of this service carries.
  Labels WantedLabels() const {
    Labels labels;
    for (const auto& [key, value] : service_.metadata().labels()) {
      if (key != kServiceName && key != kManagedBy && key != kHeadless) labels[key] = value;
    }
    labels[kServiceName] = service_.metadata().name();
    labels[kManagedBy] = kSliceManager;
    if (service_.spec().clusterip() == "None") labels[kHeadless] = "";
    return labels;
  }

  bool SameMetadata(const EndpointSlice& slice) const {
    const Labels labels = WantedLabels();
    return labels.size() == slice.metadata().labels().size() && MatchesSet(labels, slice.metadata().labels());
  }

  void Emit(const Shape& shape, const EndpointSlice* before, std::vector<Endpoint> endpoints) {
    EndpointSlice slice;
    if (before != nullptr) {
      slice = *before;
      slice.clear_endpoints();
      slice.clear_ports();
    } else {
      auto& metadata = *slice.mutable_metadata();
      metadata.set_generatename(absl::StrCat(service_.metadata().name(), "-"));
      metadata.set_namespace_(service_.metadata().namespace_());
      *metadata.add_ownerreferences() = ControllerRefTo(service_);
      slice.set_addresstype(shape.first);
    }
    *slice.mutable_metadata()->mutable_labels() = WantedLabels();
    (*slice.mutable_metadata()->mutable_annotations())[kLastChangeTrigger] = trigger_;
    for (const EndpointPortSpec& port : shape.second) {
      auto& out = *slice.add_ports();
      out.set_name(port.name);
      out.set_port(port.port);
      out.set_protocol(port.protocol);
      if (!port.app_protocol.empty()) out.set_appprotocol(port.app_protocol);
    }
    for (Endpoint& endpoint : endpoints) *slice.add_endpoints() = std::move(endpoint);
    (before != nullptr ? plan_.update : plan_.create).push_back(std::move(slice));
  }

  const SliceInput& in_;
  const Service& service_;
  std::string trigger_;
  SlicePlan plan_;
};

}  // namespace

SlicePlan PlanSlices(const SliceInput& input) { return Planner(input).Run(); }

}  // namespace controller_manager
