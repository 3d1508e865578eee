// Asks a program's gRPC health service (grpc.health.v1.Health) how it is, with upstream's results and wording.
#pragma once
#include <string>

#include "absl/time/time.h"
#include "kubelet/probes/prober.h"

namespace kubelet {

// Blocking, thread-safe. `service`: empty asks for the whole server.
ProbeOutcome ProbeGrpc(const std::string& host, int port, const std::string& service, absl::Duration timeout);

}  // namespace kubelet
