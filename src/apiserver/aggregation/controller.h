// Keeps the APIServices of the cluster: those of the server's own group versions, and what all of them say about themselves.
#pragma once
#include <memory>

#include "absl/status/status.h"
#include "apiserver/aggregation/aggregator.h"
#include "apiserver/registry/registry.h"

namespace apiserver::aggregation {

// Owns a thread from Start to Stop. `registry` and `aggregator` must outlive it.
class Controller {
 public:
  virtual ~Controller() = default;  // stops
  virtual absl::Status Start() = 0;  // the cache must have started
  virtual void Stop() = 0;           // idempotent
};

std::unique_ptr<Controller> NewController(registry::Registry& registry, Aggregator& aggregator);

}  // namespace apiserver::aggregation
