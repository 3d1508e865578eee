// Transport over HTTPS as any Kubernetes client speaks it: protobuf bodies, HTTP/2, one connection for everything.
#pragma once
#include <memory>

#include "absl/status/statusor.h"
#include "client/kubeconfig.h"
#include "client/transport.h"

namespace client {

// Connects lazily. One thread of its own moves all bytes and runs the watch callbacks.
absl::StatusOr<std::unique_ptr<Transport>> NewRestTransport(const ClientConfig& config);

}  // namespace client
