// What an API server looks after from time to time while it serves: its lease among the servers, the endpoints of the
// kubernetes service, service addresses and node ports that leaked.
#pragma once
#include <memory>

#include "apiserver/registry/endpoint_leases.h"
#include "apiserver/registry/registry.h"

namespace apiserver::registry {

struct CaretakerOptions {
  EndpointOptions endpoints;
  bool keep_endpoints = true;  // false: --endpoint-reconciler-type=none
  absl::Duration repair_services = absl::Minutes(3);
};

class Caretaker {
 public:
  // Runs on a thread of its own until destroyed; then the server leaves the endpoints. `registry` outlives it.
  static std::unique_ptr<Caretaker> Start(Registry& registry, CaretakerOptions options);
  virtual ~Caretaker() = default;
};

}  // namespace apiserver::registry
