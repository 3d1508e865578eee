// The way to kubelets, pods and services: logs, exec, attach, port-forward, proxy.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/http/rest.h"

namespace apiserver::proxy {

struct ForwarderOptions {
  std::string client_certificate, client_key;  // for kubelets
  std::string certificate_authority;           // of kubelets; empty: not checked
  std::vector<std::string> preferred_address_types;
};

// `registry` must outlive the result.
absl::StatusOr<std::unique_ptr<http::Forwarder>> NewForwarder(const ForwarderOptions& options,
                                                              registry::Registry& registry);

}  // namespace apiserver::proxy
