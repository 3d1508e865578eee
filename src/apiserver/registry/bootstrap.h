// What every cluster has from its first moment: system namespaces, the cluster's own RBAC, the service address of the API.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "apiserver/registry/registry.h"

namespace apiserver::registry {

struct BootstrapOptions {
  std::string advertise_address;  // of this server; empty: no kubernetes endpoints
  int secure_port = 6443;
  std::string client_ca_pem;      // told in kube-system/extension-apiserver-authentication; may be empty
  bool endpoints = true;          // false: --endpoint-reconciler-type=none
};

// Creates what is missing and repairs RBAC. Safe to run by several servers at once. Writes in parallel; returns when
// all is there.
absl::Status Bootstrap(Registry& registry, const BootstrapOptions& options);

// Puts this server into (or takes it out of) the endpoints of the kubernetes service.
absl::Status ReconcileEndpoints(Registry& registry, const BootstrapOptions& options, bool remove);

}  // namespace apiserver::registry
