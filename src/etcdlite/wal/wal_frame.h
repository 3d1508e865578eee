// Bytes of log frames: pure encoding and decoding, see wal.h for the layout.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "etcdlite/wal/wal.h"

namespace etcdlite::wal {

inline constexpr size_t kFrameHeader = 24;

// Appends one frame holding all of `parts`.
void EncodeFrame(uint64_t number, absl::Span<const Frame> parts, std::string* out);

struct RawFrame {
  uint64_t number = 0;
  absl::string_view payload;
  size_t size = 0;  // with header and padding
};
// The frame at the front of `bytes`; nullopt: not a whole, undamaged frame with its padding.
std::optional<RawFrame> ParseFrame(absl::string_view bytes);

// True when a whole frame numbered `at_least` or higher starts anywhere in `bytes`.
bool HasFrameFrom(absl::string_view bytes, uint64_t at_least);

// Applies the records of one payload to what has been recovered so far. DataLoss: does not parse, or leaves a gap.
absl::Status Replay(absl::string_view payload, Recovered* state);

std::string EncodeConfState(const raft::ConfState& conf);
bool DecodeConfState(absl::string_view bytes, raft::ConfState* conf);

}  // namespace etcdlite::wal
