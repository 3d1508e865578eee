// A TCP connection into a pod's network, for port-forward.
#pragma once
#include <string>

#include "absl/status/statusor.h"

namespace kubelet {

// Connects to 127.0.0.1:`port` inside the network namespace at `namespace_path` ("": our own). The socket is the caller's.
absl::StatusOr<int> DialLoopback(const std::string& namespace_path, int port);

}  // namespace kubelet
