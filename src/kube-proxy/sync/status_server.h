// What a proxy tells over HTTP: its own health, metrics, and for load balancers whether this node has endpoints.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace base {
class Clock;
}

namespace kube_proxy::sync {

class Proxier;

struct StatusServerOptions {
  std::string healthz_address = "0.0.0.0:10256";  // /healthz, /livez; empty: none
  std::string metrics_address = "127.0.0.1:10249";  // /metrics, /proxyMode, /healthz; empty: none
};

// Serves until destroyed. Refresh() opens and closes the health check ports that services ask for
// (spec.healthCheckNodePort); call it now and then. Ports that cannot be opened are logged and tried again.
class StatusServer {
 public:
  static absl::StatusOr<std::unique_ptr<StatusServer>> Create(StatusServerOptions options, const Proxier& proxier,
                                                              const base::Clock& clock);
  virtual ~StatusServer() = default;
  virtual void Refresh() = 0;
};

}  // namespace kube_proxy::sync
