// Which pods are endpoints of a service, and on which ports. Pure; shared by endpoint slices and Endpoints.
#pragma once
#include <string>
#include <vector>

#include "controller-manager/framework/pods.h"
#include "k8s/core/v1/service.pb.h"

namespace controller_manager {

using k8s::core::v1::Service;

// Index of pods by namespace is the informer's; by label there is none: services select among a namespace's pods.
bool IsEndpoint(const Pod& pod, bool include_terminating);

struct EndpointPortSpec {
  std::string name;
  int port = 0;
  std::string protocol;
  std::string app_protocol;
  friend bool operator==(const EndpointPortSpec&, const EndpointPortSpec&) = default;
  friend auto operator<=>(const EndpointPortSpec&, const EndpointPortSpec&) = default;
};
// The service's ports as this pod serves them; a named port the pod does not have is left out.
std::vector<EndpointPortSpec> PortsFor(const Service& service, const Pod& pod);

// The host name under which the pod is known in the service's subdomain; "" when it has none.
std::string EndpointHostname(const Service& service, const Pod& pod);

// The later of the service's creation and the pods' last readiness changes.
absl::Time LastChangeTrigger(const Service& service, const std::vector<PodPtr>& pods);

// Tells which services a pod change concerns. Calls `enqueue` with their keys.
void ForServicesOf(const std::vector<std::shared_ptr<const Service>>& services, const Pod* old, const Pod* now,
                   const std::function<void(const Service&)>& enqueue);

inline constexpr char kLastChangeTrigger[] = "endpoints.kubernetes.io/last-change-trigger-time";
inline constexpr char kHeadless[] = "service.kubernetes.io/headless";

}  // namespace controller_manager
