// A WebSocket to the API server for exec, attach and port-forward: the handshake and the frames of
// RFC 6455 over a connection that libcurl made (so TLS, certificates and proxies are those of every
// other request). Not thread-safe.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kubectl/rest/kubeconfig.h"

namespace kubectl {

class RawConnection;

class WebSocketClient {
 public:
  // Opens `path` offering `protocols` in order. A refusal of the server is an ApiError.
  static absl::StatusOr<std::unique_ptr<WebSocketClient>> Open(
      const Connection& connection, const std::string& path,
      const std::vector<std::string>& protocols);
  ~WebSocketClient();

  const std::string& protocol() const { return protocol_; }
  int fd() const;

  absl::Status SendBinary(absl::string_view payload);
  // What has come so far, message by message; never blocks. False when the other side closed.
  absl::StatusOr<bool> Receive(const std::function<void(absl::string_view message)>& sink);
  // Blocks until the socket or `other_fd` (-1: none) can be read, at most `timeout_ms` (-1: for
  // ever). *other_ready tells whether other_fd can be read.
  void Wait(int other_fd, int timeout_ms, bool* other_ready);

 private:
  WebSocketClient() = default;
  absl::Status SendRaw(absl::string_view bytes);
  absl::StatusOr<size_t> ReceiveRaw(char* buffer, size_t size);  // 0: nothing now
  absl::Status Handshake(const Connection& connection, const std::string& path,
                         const std::vector<std::string>& protocols);

  std::unique_ptr<RawConnection> stream_;
  bool closed_ = false;
  std::string protocol_;
  std::string buffer_;   // bytes not yet framed
  std::string message_;  // fragments of a message
};

}  // namespace kubectl
