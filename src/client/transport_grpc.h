// Transport over skiff.v1.Resources: the same requests without HTTP paths, JSON or envelopes.
#pragma once
#include <memory>

#include "absl/status/statusor.h"
#include "client/kubeconfig.h"
#include "client/transport.h"

namespace client {

// REQUIRES: config.grpc_server. Connects lazily; watch callbacks come from gRPC's threads. GetRaw goes by REST.
absl::StatusOr<std::unique_ptr<Transport>> NewGrpcTransport(const ClientConfig& config);

}  // namespace client
