#include "kube-proxy/sync/service_tracker.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "k8s/core/v1/service.pb.h"
#include "k8s/discovery/v1/endpointslice.pb.h"

namespace kube_proxy::sync {
namespace {

using rules::Endpoint;
using rules::Family;
using rules::Protocol;
using rules::ServicePort;

Protocol ParseProtocol(absl::string_view text) {
  if (text == "UDP") return Protocol::kUdp;
  return text == "SCTP" ? Protocol::kSctp : Protocol::kTcp;
}

bool IsOf(Family family, absl::string_view address) {
  return (address.find(':') != absl::string_view::npos) == (family == Family::kIpv6);
}

template <typename Message>
std::string LabelOf(const Message& message, const std::string& key) {
  const auto& labels = message.metadata().labels();
  const auto it = labels.find(key);
  return it == labels.end() ? "" : it->second;
}

}  // namespace

struct ServiceTracker::Service {
  std::string ns, name;
  std::vector<std::string> cluster_ips;
  std::vector<std::string> port_names;  // of `ports`, as the API names them
  std::vector<ServicePort> ports;       // without addresses and endpoints
  std::vector<std::string> external_ips, load_balancer_ips, source_ranges;
  int health_check_port = 0;
  friend bool operator==(const Service&, const Service&) = default;
};

struct ServiceTracker::Slice {
  Family family = Family::kIpv4;
  std::map<std::string, std::pair<Protocol, int>> ports;  // by name
  std::vector<Endpoint> endpoints;                        // ports unset
  friend bool operator==(const Slice&, const Slice&) = default;
};

ServiceTracker::ServiceTracker(std::string node) : node_(std::move(node)) {}
ServiceTracker::~ServiceTracker() = default;

bool ServiceTracker::Apply(const k8s::core::v1::Service& service) {
  const auto& spec = service.spec();
  const std::string& ns = service.metadata().namespace_();
  const std::string& name = service.metadata().name();
  if (!LabelOf(service, "service.kubernetes.io/service-proxy-name").empty() || spec.type() == "ExternalName" ||
      spec.clusterip().empty() || spec.clusterip() == "None") {
    return RemoveService(ns, name);
  }
  auto parsed = std::make_unique<Service>();
  parsed->ns = ns;
  parsed->name = name;
  parsed->cluster_ips.assign(spec.clusterips().begin(), spec.clusterips().end());
  if (parsed->cluster_ips.empty()) parsed->cluster_ips.push_back(spec.clusterip());
  parsed->external_ips.assign(spec.externalips().begin(), spec.externalips().end());
  parsed->source_ranges.assign(spec.loadbalancersourceranges().begin(), spec.loadbalancersourceranges().end());
  if (spec.type() == "LoadBalancer") {
    for (const auto& ingress : service.status().loadbalancer().ingress()) {
      if (!ingress.ip().empty() && ingress.ipmode() != "Proxy") parsed->load_balancer_ips.push_back(ingress.ip());
    }
  }
  parsed->health_check_port = spec.healthchecknodeport();
  for (const auto& port : spec.ports()) {
    ServicePort& out = parsed->ports.emplace_back();
    out.name = absl::StrCat(ns, "/", name, port.name().empty() ? "" : ":", port.name());
    out.protocol = ParseProtocol(port.protocol());
    out.port = port.port();
    out.node_port = port.nodeport();
    out.internal_local = spec.internaltrafficpolicy() == "Local";
    out.external_local = spec.externaltrafficpolicy() == "Local";
    if (spec.sessionaffinity() == "ClientIP") {
      const int seconds = spec.sessionaffinityconfig().clientip().timeoutseconds();
      out.affinity_seconds = seconds > 0 ? seconds : 10800;  // the API's default
    }
    parsed->port_names.push_back(port.name());
  }
  std::unique_ptr<Service>& slot = services_[absl::StrCat(ns, "/", name)];
  if (slot != nullptr && *slot == *parsed) return false;
  slot = std::move(parsed);
  return true;
}

bool ServiceTracker::RemoveService(absl::string_view ns, absl::string_view name) {
  return services_.erase(absl::StrCat(ns, "/", name)) > 0;
}

bool ServiceTracker::Apply(const k8s::discovery::v1::EndpointSlice& slice) {
  const std::string& ns = slice.metadata().namespace_();
  const std::string key = absl::StrCat(ns, "/", slice.metadata().name());
  const std::string owner = LabelOf(slice, "kubernetes.io/service-name");
  if (owner.empty() || (slice.addresstype() != "IPv4" && slice.addresstype() != "IPv6")) {
    return RemoveSlice(ns, slice.metadata().name());
  }
  auto parsed = std::make_unique<Slice>();
  parsed->family = slice.addresstype() == "IPv6" ? Family::kIpv6 : Family::kIpv4;
  for (const auto& port : slice.ports()) {
    if (port.has_port()) parsed->ports[port.name()] = {ParseProtocol(port.protocol()), port.port()};
  }
  for (const auto& endpoint : slice.endpoints()) {
    if (endpoint.addresses().empty()) continue;
    const auto& conditions = endpoint.conditions();
    Endpoint& out = parsed->endpoints.emplace_back();
    out.ip = endpoint.addresses(0);  // more than one is not used by any proxy
    out.ready = !conditions.has_ready() || conditions.ready();  // unknown counts as ready
    out.serving = conditions.has_serving() ? conditions.serving() : out.ready;
    out.terminating = conditions.terminating();
    out.local = endpoint.nodename() == node_;
    for (const auto& zone : endpoint.hints().forzones()) out.zone_hints.push_back(zone.name());
  }
  const std::string service = absl::StrCat(ns, "/", owner);
  bool changed = false;
  if (const auto it = slice_owner_.find(key); it != slice_owner_.end() && it->second != service) {
    changed = RemoveSlice(ns, slice.metadata().name());
  }
  std::unique_ptr<Slice>& slot = slices_[service][slice.metadata().name()];
  slice_owner_[key] = service;
  if (slot != nullptr && *slot == *parsed) return changed;
  slot = std::move(parsed);
  return true;
}

bool ServiceTracker::RemoveSlice(absl::string_view ns, absl::string_view name) {
  const auto owner = slice_owner_.find(absl::StrCat(ns, "/", name));
  if (owner == slice_owner_.end()) return false;
  const auto slices = slices_.find(owner->second);
  slices->second.erase(std::string(name));
  if (slices->second.empty()) slices_.erase(slices);
  slice_owner_.erase(owner);
  return true;
}

rules::ServiceMap ServiceTracker::Build(Family family) const {
  rules::ServiceMap out;
  const auto of_family = [family](const std::vector<std::string>& all) {
    std::vector<std::string> some;
    for (const std::string& text : all) {
      if (IsOf(family, text)) some.push_back(text);
    }
    return some;
  };
  for (const auto& [key, service] : services_) {
    const std::vector<std::string> ips = of_family(service->cluster_ips);
    if (ips.empty()) continue;
    const auto slices = slices_.find(key);
    for (size_t i = 0; i < service->ports.size(); ++i) {
      ServicePort port = service->ports[i];
      port.cluster_ip = ips.front();
      port.external_ips = of_family(service->external_ips);
      port.load_balancer_ips = of_family(service->load_balancer_ips);
      port.source_ranges = of_family(service->source_ranges);
      std::set<Endpoint> endpoints;
      if (slices != slices_.end()) {
        for (const auto& [name, slice] : slices->second) {
          const auto at = slice->ports.find(service->port_names[i]);
          if (slice->family != family || at == slice->ports.end() || at->second.first != port.protocol) continue;
          for (Endpoint endpoint : slice->endpoints) {
            endpoint.port = at->second.second;
            endpoints.insert(std::move(endpoint));
          }
        }
      }
      port.endpoints.assign(endpoints.begin(), endpoints.end());
      out[port.name] = std::move(port);
    }
  }
  return out;
}

std::map<int, ServiceTracker::HealthCheck> ServiceTracker::HealthChecks() const {
  std::map<int, HealthCheck> out;
  for (const auto& [key, service] : services_) {
    if (service->health_check_port == 0) continue;
    HealthCheck& check = out[service->health_check_port];
    check = {service->ns, service->name, 0};
    const auto slices = slices_.find(key);
    if (slices == slices_.end()) continue;
    std::set<std::string> local;
    for (const auto& [name, slice] : slices->second) {
      for (const Endpoint& endpoint : slice->endpoints) {
        if (endpoint.local && endpoint.ready) local.insert(endpoint.ip);
      }
    }
    check.local_endpoints = static_cast<int>(local.size());
  }
  return out;
}

}  // namespace kube_proxy::sync
