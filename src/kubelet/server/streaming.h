// Exec and attach over WebSocket: the channel protocols of Kubernetes (v5.channel.k8s.io, v4.channel.k8s.io).
//
// Binary messages, the first byte names the channel: 0 standard input, 1 output, 2 error output, 3 the final status as a
// meta.v1.Status in JSON, 4 terminal sizes {"Width":..,"Height":..}; v5: 255 closes the channel named by the next byte.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/http/websocket.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

inline constexpr const char* kChannelProtocols[] = {"v5.channel.k8s.io", "v4.channel.k8s.io"};

struct StreamOptions {
  bool stdin = false, stdout = true, stderr = true, tty = false;
};

// Joins the socket with the session until the program ends, then sends the status and closes. Blocks.
void PumpSession(base::http::WebSocket& socket, StreamSession& session, const StreamOptions& options);

// Ends a socket with a failure instead of a session.
void SendFailure(base::http::WebSocket& socket, const absl::Status& status, const std::string& what);

// The Status of a program that ended with `code`.
std::string ExitStatusJson(int code);

}  // namespace kubelet
