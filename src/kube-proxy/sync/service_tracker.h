// From API objects to what the rules are built of. Pure: fed with objects, asked for the whole map.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "kube-proxy/rules/service_state.h"

namespace k8s::core::v1 {
class Service;
}
namespace k8s::discovery::v1 {
class EndpointSlice;
}

namespace kube_proxy::sync {

// Keeps what is needed of services and endpoint slices, parsed once. Not thread-safe.
class ServiceTracker {
 public:
  // `node`: this node's name, decides which endpoints are local.
  explicit ServiceTracker(std::string node);
  ~ServiceTracker();

  // Each answers whether the rules may change. Services that ask for another proxy (the label
  // service.kubernetes.io/service-proxy-name) or are headless count as absent.
  bool Apply(const k8s::core::v1::Service& service);
  bool RemoveService(absl::string_view ns, absl::string_view name);
  bool Apply(const k8s::discovery::v1::EndpointSlice& slice);
  bool RemoveSlice(absl::string_view ns, absl::string_view name);

  // Ports of all services with addresses of `family`, each with its endpoints of that family.
  rules::ServiceMap Build(rules::Family family) const;

  // Services whose load balancer asks this node whether it has endpoints: health check port → local ready ones.
  struct HealthCheck {
    std::string ns, name;
    int local_endpoints = 0;
    friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
  };
  std::map<int, HealthCheck> HealthChecks() const;

 private:
  struct Service;
  struct Slice;
  const std::string node_;
  std::map<std::string, std::unique_ptr<Service>> services_;               // by namespace/name
  std::map<std::string, std::map<std::string, std::unique_ptr<Slice>>> slices_;  // service → slice name
  std::map<std::string, std::string> slice_owner_;                         // namespace/slice → service
};

}  // namespace kube_proxy::sync
