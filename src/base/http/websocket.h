// WebSocket (RFC 6455): a pure frame codec, and a message stream over an upgraded connection.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/http/byte_stream.h"
#include "base/http/message.h"
#include "base/http/server.h"

namespace base::http {

enum class WsOpcode : uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string WebSocketAcceptKey(absl::string_view key);

// One unfragmented frame. `mask`: clients must mask with a random key (nonzero), servers must not (0).
std::string EncodeWsFrame(WsOpcode opcode, absl::string_view payload, uint32_t mask = 0);

// Reassembles messages from bytes as they come. Not thread-safe.
class WsDecoder {
 public:
  explicit WsDecoder(size_t max_message_bytes = 16u << 20) : max_(max_message_bytes) {}
  // Calls `sink` for each complete message and control frame. InvalidArgument: a protocol error.
  absl::Status Feed(absl::string_view data, const std::function<void(WsOpcode, std::string)>& sink);

 private:
  const size_t max_;
  std::string buffer_;
  std::string message_;
  WsOpcode message_opcode_ = WsOpcode::kContinuation;  // kContinuation: no message in progress
};

// Messages both ways. Thread-safe. Answers pings by itself.
class WebSocket {
 public:
  // `client` side frames are masked. Takes over `stream`.
  WebSocket(std::unique_ptr<ByteStream> stream, bool client, std::string protocol);
  ~WebSocket();  // closes

  const std::string& protocol() const { return protocol_; }  // negotiated subprotocol
  // Starts reading; as ByteStream::Read. Call once.
  void Read(std::function<void(WsOpcode, std::string)> on_message, std::function<void()> on_close);
  int64_t Send(WsOpcode opcode, absl::string_view payload);  // bytes queued, -1 when gone
  void OnDrain(std::function<void()> callback);
  void Pause();
  void Resume();
  void Close(uint16_t code = 1000, absl::string_view reason = "");

 private:
  struct Impl;
  const std::string protocol_;
  std::shared_ptr<Impl> impl_;
};

bool IsWebSocketRequest(const Request& request);
// Subprotocols the client offers, in its order.
std::vector<std::string> WebSocketProtocols(const Request& request);
// Completes the handshake with the first of `supported` the client offers ("" when none is offered or `supported` is
// empty). InvalidArgument: not a WebSocket request, or no common protocol (nothing was sent yet).
absl::StatusOr<std::unique_ptr<WebSocket>> AcceptWebSocket(const Request& request, ResponseWriter& writer,
                                                           const std::vector<std::string>& supported);

}  // namespace base::http
