// Keeps what the server serves in step with the CustomResourceDefinitions of the cluster.
#pragma once
#include <memory>

#include "absl/status/status.h"
#include "apiserver/registry/registry.h"

namespace apiserver::apiextensions {

// Owns a thread from Start to Stop. `registry` must outlive it.
class Controller {
 public:
  virtual ~Controller() = default;  // stops
  // Serves the definitions that are there; then follows them. The cache must have started.
  virtual absl::Status Start() = 0;
  virtual void Stop() = 0;  // idempotent
};

std::unique_ptr<Controller> NewController(registry::Registry& registry);

}  // namespace apiserver::apiextensions
