#include "base/http/websocket.h"

#include <openssl/sha.h>

#include <atomic>
#include <mutex>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/rng.h"
#include "base/status_macros.h"

namespace base::http {

std::string WebSocketAcceptKey(absl::string_view key) {
  const std::string text = absl::StrCat(key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return absl::Base64Escape(absl::string_view(reinterpret_cast<char*>(digest), sizeof(digest)));
}

std::string EncodeWsFrame(WsOpcode opcode, absl::string_view payload, uint32_t mask) {
  std::string frame;
  frame.reserve(payload.size() + 14);
  frame.push_back(static_cast<char>(0x80 | static_cast<uint8_t>(opcode)));
  const uint8_t masked = mask != 0 ? 0x80 : 0;
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(masked | payload.size()));
  } else if (payload.size() < 65536) {
    frame.push_back(static_cast<char>(masked | 126));
    for (int shift = 8; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(payload.size() >> shift));
  } else {
    frame.push_back(static_cast<char>(masked | 127));
    for (int shift = 56; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(payload.size() >> shift));
  }
  if (mask == 0) {
    frame.append(payload.data(), payload.size());
    return frame;
  }
  const char key[4] = {static_cast<char>(mask >> 24), static_cast<char>(mask >> 16), static_cast<char>(mask >> 8),
                       static_cast<char>(mask)};
  frame.append(key, 4);
  for (size_t i = 0; i < payload.size(); ++i) frame.push_back(static_cast<char>(payload[i] ^ key[i & 3]));
  return frame;
}

absl::Status WsDecoder::Feed(absl::string_view data, const std::function<void(WsOpcode, std::string)>& sink) {
  buffer_.append(data.data(), data.size());
  size_t at = 0;
  while (buffer_.size() - at >= 2) {
    const auto* p = reinterpret_cast<const unsigned char*>(buffer_.data()) + at;
    const bool fin = (p[0] & 0x80) != 0;
    const auto opcode = static_cast<WsOpcode>(p[0] & 0x0f);
    const bool masked = (p[1] & 0x80) != 0;
    if ((p[0] & 0x70) != 0) return absl::InvalidArgumentError("reserved bits set");
    uint64_t size = p[1] & 0x7f;
    size_t head = 2;
    if (size >= 126) {
      const int extra = size == 126 ? 2 : 8;
      if (buffer_.size() - at < head + extra) break;
      size = 0;
      for (int i = 0; i < extra; ++i) size = size << 8 | p[2 + i];
      head += extra;
    }
    if (size > max_ || message_.size() + size > max_) return absl::InvalidArgumentError("message too large");
    if (masked) head += 4;
    if (buffer_.size() - at < head + size) break;
    std::string payload = buffer_.substr(at + head, size);
    if (masked) {
      for (size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ p[head - 4 + (i & 3)]);
    }
    at += head + size;
    if ((static_cast<uint8_t>(opcode) & 8) != 0) {
      if (!fin || size > 125) return absl::InvalidArgumentError("bad control frame");
      sink(opcode, std::move(payload));
      continue;
    }
    if ((opcode == WsOpcode::kContinuation) != (message_opcode_ != WsOpcode::kContinuation)) {
      return absl::InvalidArgumentError("continuation out of order");
    }
    if (opcode != WsOpcode::kContinuation) {
      if (opcode != WsOpcode::kText && opcode != WsOpcode::kBinary) return absl::InvalidArgumentError("unknown opcode");
      if (fin) {
        sink(opcode, std::move(payload));
        continue;
      }
      message_opcode_ = opcode;
    }
    message_ += payload;
    if (fin) {
      const WsOpcode kind = message_opcode_;
      message_opcode_ = WsOpcode::kContinuation;
      sink(kind, std::exchange(message_, ""));
    }
  }
  buffer_.erase(0, at);
  return absl::OkStatus();
}

struct WebSocket::Impl {
  std::shared_ptr<ByteStream> stream;
  bool client = false;
  std::atomic<bool> closing{false};
  WsDecoder decoder;  // I/O thread
  std::mutex mu;
  base::Rng rng = base::Rng::FromEntropy();  // under mu

  int64_t Send(WsOpcode opcode, absl::string_view payload) {
    uint32_t mask = 0;
    if (client) {
      const std::lock_guard lock(mu);
      mask = static_cast<uint32_t>(rng.Next()) | 1;
    }
    return stream->Write(EncodeWsFrame(opcode, payload, mask));
  }
  void Close(uint16_t code, absl::string_view reason) {
    if (closing.exchange(true)) return;
    std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code)};
    payload.append(reason.data(), std::min<size_t>(reason.size(), 123));
    Send(WsOpcode::kClose, payload);
    stream->Close();
  }
};

WebSocket::WebSocket(std::unique_ptr<ByteStream> stream, bool client, std::string protocol)
    : protocol_(std::move(protocol)), impl_(std::make_shared<Impl>()) {
  impl_->stream = std::move(stream);
  impl_->client = client;
}

WebSocket::~WebSocket() { Close(); }

void WebSocket::Read(std::function<void(WsOpcode, std::string)> on_message, std::function<void()> on_close) {
  const std::weak_ptr<Impl> weak = impl_;
  impl_->stream->Read(
      [weak, on_message = std::move(on_message)](absl::string_view data) {
        const auto impl = weak.lock();
        if (impl == nullptr) return;
        const absl::Status status = impl->decoder.Feed(data, [&](WsOpcode opcode, std::string payload) {
          switch (opcode) {
            case WsOpcode::kPing: impl->Send(WsOpcode::kPong, payload); break;
            case WsOpcode::kPong: break;
            case WsOpcode::kClose: impl->Close(1000, ""); break;
            default: on_message(opcode, std::move(payload));
          }
        });
        if (!status.ok()) impl->Close(1002, status.message());
      },
      std::move(on_close));
}

int64_t WebSocket::Send(WsOpcode opcode, absl::string_view payload) {
  return impl_->closing ? -1 : impl_->Send(opcode, payload);
}
void WebSocket::OnDrain(std::function<void()> callback) { impl_->stream->OnDrain(std::move(callback)); }
void WebSocket::Pause() { impl_->stream->Pause(); }
void WebSocket::Resume() { impl_->stream->Resume(); }
void WebSocket::Close(uint16_t code, absl::string_view reason) { impl_->Close(code, reason); }

bool IsWebSocketRequest(const Request& request) {
  return HeaderHasToken(request.headers, "connection", "upgrade") &&
         HeaderHasToken(request.headers, "upgrade", "websocket");
}

std::vector<std::string> WebSocketProtocols(const Request& request) {
  std::vector<std::string> protocols;
  for (const Header& h : request.headers) {
    if (!absl::EqualsIgnoreCase(h.name, "sec-websocket-protocol")) continue;
    for (absl::string_view part : absl::StrSplit(h.value, ',')) {
      protocols.emplace_back(absl::StripAsciiWhitespace(part));
    }
  }
  return protocols;
}

absl::StatusOr<std::unique_ptr<WebSocket>> AcceptWebSocket(const Request& request, ResponseWriter& writer,
                                                           const std::vector<std::string>& supported) {
  const absl::string_view key = request.header("sec-websocket-key");
  if (!IsWebSocketRequest(request) || key.empty()) return absl::InvalidArgumentError("not a WebSocket request");
  const std::vector<std::string> offered = WebSocketProtocols(request);
  std::string chosen;
  for (const std::string& p : offered) {
    if (std::find(supported.begin(), supported.end(), p) != supported.end()) {
      chosen = p;
      break;
    }
  }
  if (chosen.empty() && !offered.empty() && !supported.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("unable to negotiate: client supports ",
                                                   absl::StrJoin(offered, ","), ", server accepts ",
                                                   absl::StrJoin(supported, ",")));
  }
  Headers headers = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"},
                     {"Sec-WebSocket-Accept", WebSocketAcceptKey(key)}};
  if (!chosen.empty()) headers.push_back({"Sec-WebSocket-Protocol", chosen});
  ASSIGN_OR_RETURN(std::unique_ptr<ByteStream> stream, writer.Upgrade(std::move(headers)));
  return std::make_unique<WebSocket>(std::move(stream), /*client=*/false, std::move(chosen));
}

}  // namespace base::http
