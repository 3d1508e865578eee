// The write-ahead log of one member: what raft must not forget, in segment files of checksummed frames.
//
//   DIR/<first frame number, 16 hex digits>.wal
//   frame = magic u32 | payload length u32 | frame number u64 | crc32c u32 | 0 u32 | payload | pad to 8
//   payload = records: hard state, entry, mark (everything up to an index is in the applied state)
//
// One Append() is one frame and one fdatasync. Frame n+1 is only written once frame n is durable, so a broken
// frame with nothing valid behind it is a torn write nobody was promised (cut off), while a broken frame
// followed by a valid one has lost acknowledged data (refused). Later entries replace earlier ones with
// the same or a higher index.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "etcdlite/raft/raft_types.h"

namespace etcdlite::wal {

// What one frame carries; null or empty parts are left out.
struct Frame {
  const raft::HardState* hard_state = nullptr;
  const raft::SnapshotMark* mark = nullptr;  // forgets all entries; used when a snapshot was installed
  absl::Span<const raft::Entry> entries;
};

struct Recovered {
  raft::HardState hard_state;
  std::optional<raft::SnapshotMark> mark;  // newest
  std::vector<raft::Entry> entries;        // contiguous, after the mark
  bool torn_tail = false;                  // an unfinished write was cut off
};

// Not thread-safe: one writer thread.
class Wal {
 public:
  // Opens or creates the log in `dir`. DataLoss: acknowledged records are damaged; the message names the file
  // and offset, and nothing is changed.
  static absl::StatusOr<std::unique_ptr<Wal>> Open(const std::string& dir, Recovered* recovered);
  virtual ~Wal() = default;

  // Durable when it returns OK. After an error the log takes no more writes.
  virtual absl::Status Append(absl::Span<const Frame> frames) = 0;

  // Entries up to `index` are in durable applied state: segments holding nothing newer may go.
  virtual void ReleaseUpTo(uint64_t index) = 0;
};

}  // namespace etcdlite::wal
