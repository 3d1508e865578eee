// A log file in memory that loses and tears what was not synced, holding real log frames.
#pragma once
#include <string>

#include "base/rng.h"
#include "etcdlite/wal/wal_frame.h"

namespace etcdlite::sim {

class SimDisk {
 public:
  // Writes a frame; it is durable after Sync().
  void Write(absl::Span<const wal::Frame> frames) { wal::EncodeFrame(next_frame_++, frames, &bytes_); }
  void Sync() { synced_ = bytes_.size(); }
  bool dirty() const { return synced_ < bytes_.size(); }

  // Power failure: of the unsynced bytes some arrived, some did not, some are garbage.
  void Crash(base::Rng& rng) {
    size_t keep = synced_ + rng.Below(bytes_.size() - synced_ + 1);
    if (rng.Chance(0.3)) keep = synced_;
    bytes_.resize(keep);
    for (size_t i = synced_; i < keep; i += 8) {  // sectors reach the disk in any order
      if (rng.Chance(0.2)) bytes_.replace(i, std::min<size_t>(8, keep - i), std::min<size_t>(8, keep - i), '\0');
    }
  }

  // What a restart finds; cuts a torn tail off. DataLoss: synced bytes are damaged.
  absl::StatusOr<wal::Recovered> Recover() {
    wal::Recovered state;
    size_t at = 0;
    next_frame_ = 1;
    while (at < bytes_.size()) {
      const auto frame = wal::ParseFrame(absl::string_view(bytes_).substr(at));
      if (!frame.has_value() || frame->number != next_frame_) {
        if (wal::HasFrameFrom(absl::string_view(bytes_).substr(at), next_frame_ + 1)) {
          return absl::DataLossError("acknowledged frames follow a damaged one");
        }
        break;
      }
      const absl::Status replayed = wal::Replay(frame->payload, &state);
      if (!replayed.ok()) return replayed;
      ++next_frame_;
      at += frame->size;  // lost padding reads as zeros: the file is allocated ahead
    }
    if (at < synced_) return absl::DataLossError("synced bytes are gone");
    bytes_.resize(at);
    synced_ = at;
    return state;
  }

 private:
  std::string bytes_;
  size_t synced_ = 0;
  uint64_t next_frame_ = 1;
};

}  // namespace etcdlite::sim
