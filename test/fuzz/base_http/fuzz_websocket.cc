// WebSocket frames: however the bytes are cut, the same messages come out, and none above the bound.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/http/websocket.h"

using base::http::WsDecoder;
using base::http::WsOpcode;

namespace {

constexpr size_t kBound = 4096;

struct Outcome {
  std::vector<std::pair<WsOpcode, std::string>> messages;
  bool ok = true;
  bool operator==(const Outcome& other) const { return messages == other.messages && ok == other.ok; }
};

Outcome Decode(absl::string_view bytes, size_t step) {
  WsDecoder decoder(kBound);
  Outcome out;
  for (size_t at = 0; at < bytes.size() && out.ok; at += step) {
    out.ok = decoder.Feed(bytes.substr(at, step), [&](WsOpcode opcode, std::string message) {
      if (message.size() > kBound) abort();
      out.messages.emplace_back(opcode, std::move(message));
    }).ok();
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!(Decode(bytes, size + 1) == Decode(bytes, 1))) abort();
  return 0;
}
