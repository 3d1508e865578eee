#include "kubectl/rest/websocket.h"

#include <poll.h>

#include <cerrno>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"
#include "kubectl/rest/client.h"
#include "kubectl/rest/raw_connection.h"

namespace kubectl {
namespace {

constexpr size_t kMaxMessage = 64u << 20;

std::string Random(size_t bytes) {
  std::random_device device;
  std::string text;
  for (size_t i = 0; i < bytes; ++i) text += static_cast<char>(device());
  return text;
}

}  // namespace

WebSocketClient::~WebSocketClient() = default;

absl::StatusOr<std::unique_ptr<WebSocketClient>> WebSocketClient::Open(
    const Connection& connection, const std::string& path,
    const std::vector<std::string>& protocols) {
  std::unique_ptr<WebSocketClient> client(new WebSocketClient());
  ASSIGN_OR_RETURN(client->stream_, RawConnection::Open(connection));
  RETURN_IF_ERROR(client->Handshake(connection, path, protocols));
  return client;
}

absl::Status WebSocketClient::Handshake(const Connection& connection, const std::string& path,
                                        const std::vector<std::string>& protocols) {
  std::string request = absl::StrCat(
      "GET ", PrefixOfServer(connection.server), path, " HTTP/1.1\r\nHost: ", HostOfServer(connection.server),
      "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "13\r\nSec-WebSocket-Key: ",
      absl::Base64Escape(Random(16)), "\r\nSec-WebSocket-Protocol: ");
  absl::StrAppend(&request, absl::StrJoin(protocols, ", "), "\r\nUser-Agent: ", kUserAgent, "\r\n");
  request += IdentityHeaders(connection);
  request += "\r\n";
  RETURN_IF_ERROR(SendRaw(request));
  size_t head_end;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (closed_ || buffer_.size() > (64u << 10))
      return Error("unable to upgrade connection: the server closed it");
    bool ignored = false;
    Wait(-1, -1, &ignored);
    char chunk[4096];
    ASSIGN_OR_RETURN(const size_t n, ReceiveRaw(chunk, sizeof(chunk)));
    buffer_.append(chunk, n);
  }
  const std::string head = buffer_.substr(0, head_end);
  buffer_.erase(0, head_end + 4);
  const std::vector<std::string> lines = absl::StrSplit(head, "\r\n");
  size_t length = 0;
  for (const std::string& line : lines) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (parts.size() != 2) continue;
    const std::string value(absl::StripAsciiWhitespace(parts[1]));
    if (absl::EqualsIgnoreCase(parts[0], "sec-websocket-protocol")) protocol_ = value;
    if (absl::EqualsIgnoreCase(parts[0], "content-length")) (void)absl::SimpleAtoi(value, &length);
  }
  const std::vector<std::string> first = absl::StrSplit(lines[0], ' ');
  if (first.size() > 1 && first[1] == "101") return absl::OkStatus();
  while (buffer_.size() < length && !closed_) {
    bool ignored = false;
    Wait(-1, 5000, &ignored);
    char chunk[4096];
    ASSIGN_OR_RETURN(const size_t n, ReceiveRaw(chunk, sizeof(chunk)));
    buffer_.append(chunk, n);
  }
  absl::StatusOr<Value> status = ParseJson(buffer_);
  if (status.ok() && status->GetString("kind") == "Status") return ApiError(*status);
  return Error(absl::StrCat("unable to upgrade connection: ",
                            absl::StripAsciiWhitespace(buffer_.empty() ? lines[0] : buffer_)));
}

absl::Status WebSocketClient::SendRaw(absl::string_view bytes) { return stream_->Send(bytes); }

absl::StatusOr<size_t> WebSocketClient::ReceiveRaw(char* buffer, size_t size) {
  const size_t received = stream_->Receive(buffer, size);
  closed_ = closed_ || stream_->closed();
  return received;
}

int WebSocketClient::fd() const { return stream_->fd(); }

void WebSocketClient::Wait(int other_fd, int timeout_ms, bool* other_ready) {
  pollfd pollers[2] = {{fd(), POLLIN, 0}, {other_fd, POLLIN, 0}};
  *other_ready = false;
  if (poll(pollers, other_fd >= 0 ? 2 : 1, timeout_ms) > 0)
    *other_ready = other_fd >= 0 && pollers[1].revents != 0;
}

absl::Status WebSocketClient::SendBinary(absl::string_view payload) {
  std::string frame;
  frame += static_cast<char>(0x82);
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65536) {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size());
  } else {
    frame += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      frame += static_cast<char>(payload.size() >> shift);
  }
  const std::string mask = Random(4);
  frame += mask;
  for (size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return SendRaw(frame);
}

absl::StatusOr<bool> WebSocketClient::Receive(const std::function<void(absl::string_view)>& sink) {
  for (;;) {
    char chunk[65536];
    ASSIGN_OR_RETURN(const size_t n, ReceiveRaw(chunk, sizeof(chunk)));
    buffer_.append(chunk, n);
    size_t at = 0;
    while (buffer_.size() - at >= 2) {
      const auto byte = [&](size_t i) { return static_cast<unsigned char>(buffer_[at + i]); };
      const bool final = (byte(0) & 0x80) != 0;
      const int opcode = byte(0) & 15;
      uint64_t length = byte(1) & 127;
      size_t header = 2;
      if (length == 126) header = 4;
      if (length == 127) header = 10;
      if (buffer_.size() - at < header) break;
      if (header > 2) {
        length = 0;
        for (size_t i = 2; i < header; ++i) length = length << 8 | byte(i);
      }
      if (length > kMaxMessage) return Error("the server sent too large a message");
      if (buffer_.size() - at - header < length) break;
      const absl::string_view payload(buffer_.data() + at + header, length);
      at += header + length;
      if (opcode == 8) {
        closed_ = true;
      } else if (opcode == 9) {
        std::string pong("\x8A\x80\0\0\0\0", 6);  // an empty answer, masked with zeros
        RETURN_IF_ERROR(SendRaw(pong));
      } else if (opcode <= 2) {
        message_.append(payload.data(), payload.size());
        if (final) {
          sink(message_);
          message_.clear();
        }
      }
    }
    buffer_.erase(0, at);
    if (closed_) return false;
    if (n == 0) return true;
  }
}

}  // namespace kubectl
