#include "controller-manager/endpointslice/pod_endpoints.h"

#include <algorithm>

#include "controller-manager/framework/metadata.h"

namespace controller_manager {

bool IsEndpoint(const Pod& pod, bool include_terminating) {
  if (IsTerminal(pod) || pod.status().podip().empty()) return false;
  return include_terminating || !IsDeleting(pod.metadata());
}

std::vector<EndpointPortSpec> PortsFor(const Service& service, const Pod& pod) {
  std::vector<EndpointPortSpec> ports;
  for (const auto& port : service.spec().ports()) {
    const auto& target = port.targetport();
    int number = target.type() == 0 ? target.intval() : 0;
    if (target.type() != 0) {
      const auto look = [&](const auto& containers) {
        for (const auto& container : containers) {
          for (const auto& candidate : container.ports()) {
            if (number == 0 && candidate.name() == target.strval() && candidate.protocol() == port.protocol()) {
              number = candidate.containerport();
            }
          }
        }
      };
      look(pod.spec().containers());
      if (number == 0) {
        for (const auto& container : pod.spec().initcontainers()) {  // sidecars
          if (container.restartpolicy() != "Always") continue;
          for (const auto& candidate : container.ports()) {
            if (number == 0 && candidate.name() == target.strval() && candidate.protocol() == port.protocol()) {
              number = candidate.containerport();
            }
          }
        }
      }
    }
    if (number > 0) ports.push_back({port.name(), number, port.protocol(), port.appprotocol()});
  }
  return ports;
}

std::string EndpointHostname(const Service& service, const Pod& pod) {
  const bool known = !pod.spec().hostname().empty() && pod.spec().subdomain() == service.metadata().name() &&
                     pod.metadata().namespace_() == service.metadata().namespace_();
  return known ? pod.spec().hostname() : "";
}

absl::Time LastChangeTrigger(const Service& service, const std::vector<PodPtr>& pods) {
  absl::Time latest = CreatedAt(service.metadata());
  for (const PodPtr& pod : pods) {
    if (const PodCondition* ready = FindCondition(*pod, "Ready"); ready != nullptr) {
      latest = std::max(latest, ToTime(ready->lasttransitiontime()));
    }
  }
  return latest;
}

void ForServicesOf(const std::vector<std::shared_ptr<const Service>>& services, const Pod* old, const Pod* now,
                   const std::function<void(const Service&)>& enqueue) {
  if (old != nullptr && now != nullptr && old->status().podip() == now->status().podip() &&
      old->status().phase() == now->status().phase() && IsReady(*old) == IsReady(*now) &&
      IsDeleting(old->metadata()) == IsDeleting(now->metadata()) && old->spec().nodename() == now->spec().nodename() &&
      MatchesSet(old->metadata().labels(), now->metadata().labels()) &&
      MatchesSet(now->metadata().labels(), old->metadata().labels())) {
    return;
  }
  for (const auto& service : services) {
    const Labels& selector = service->spec().selector();
    if (selector.empty()) continue;
    if ((old != nullptr && MatchesSet(selector, old->metadata().labels())) ||
        (now != nullptr && MatchesSet(selector, now->metadata().labels()))) {
      enqueue(*service);
    }
  }
}

}  // namespace controller_manager
