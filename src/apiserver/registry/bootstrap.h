// What every cluster has from its first moment: system namespaces, the cluster's own RBAC, the service address of the API.
#pragma once
#include <map>
#include <string>

#include "absl/status/status.h"
#include "apiserver/registry/registry.h"

namespace apiserver::registry {

struct BootstrapOptions {
  int secure_port = 6443;
  std::map<std::string, std::string> front_proxy;  // likewise: requestheader-* of those who speak for others
  std::string client_ca_pem;      // told in kube-system/extension-apiserver-authentication; may be empty
};

// Creates what is missing and repairs RBAC. Safe to run by several servers at once. Writes in parallel; returns when
// all is there.
absl::Status Bootstrap(Registry& registry, const BootstrapOptions& options);

}  // namespace apiserver::registry
