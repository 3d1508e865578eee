// Keeps the configuration of flow control: the flow schemas and priority levels that every cluster has, and the condition
// that tells whether a flow schema's priority level exists.
//
// Level-driven: any change of either kind makes it look at all of them again. Several servers on one store may each run
// one; what is right already is not written.
#pragma once
#include <memory>

#include "apiserver/registry/registry.h"

namespace apiserver::registry {

class FlowKeeper {
 public:
  // Runs on a thread of its own until destroyed. `registry` must outlive it; its cache must have been started.
  static std::unique_ptr<FlowKeeper> Start(Registry& registry);
  virtual ~FlowKeeper() = default;
};

}  // namespace apiserver::registry
