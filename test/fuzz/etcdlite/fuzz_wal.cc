// Log files of a damaged disk: frames are whole or refused, records replay or are damage, nothing crashes.
#include <cstdint>
#include <cstdlib>

#include "etcdlite/wal/wal_frame.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace etcdlite;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto frame = wal::ParseFrame(bytes); frame.has_value()) {
    if (frame->size > size || frame->payload.size() > frame->size) abort();
    if (!wal::HasFrameFrom(bytes, frame->number)) abort();
  }
  wal::Recovered state;
  const absl::Status replayed = wal::Replay(bytes, &state);
  if (!replayed.ok() && replayed.message().empty()) abort();
  raft::ConfState conf;
  if (wal::DecodeConfState(bytes, &conf)) {
    raft::ConfState again;
    if (!wal::DecodeConfState(wal::EncodeConfState(conf), &again) || !(again == conf)) abort();
  }
  return 0;
}
