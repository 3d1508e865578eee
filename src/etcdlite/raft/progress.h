// What a leader knows about one follower, and how much it may send.
#pragma once
#include <deque>

#include "etcdlite/raft/raft_types.h"

namespace etcdlite::raft {

// probe: one append at a time until the logs are known to meet; replicate: appends are pipelined;
// snapshot: nothing until the snapshot has arrived or failed.
//
//   probe --reply--> replicate --reject or lost--> probe --log compacted--> snapshot --reported--> probe
enum class ProgressState : uint8_t { kProbe, kReplicate, kSnapshot };

struct Progress {
  ProgressState state = ProgressState::kProbe;
  uint64_t match = 0;           // known to be on the follower's disk
  uint64_t next = 1;            // first entry to send
  uint64_t pending_snapshot = 0;
  bool probe_sent = false;      // an unanswered probe is out
  bool recently_active = false; // heard from since the last quorum check
  std::deque<uint64_t> inflight;  // last index of each unanswered pipelined append, ascending

  void BecomeProbe(uint64_t from) {
    state = ProgressState::kProbe;
    next = from;
    probe_sent = false;
    pending_snapshot = 0;
    inflight.clear();
  }
  void BecomeReplicate() {
    BecomeProbe(match + 1);
    state = ProgressState::kReplicate;
  }
  void BecomeSnapshot(uint64_t index) {
    BecomeProbe(next);
    state = ProgressState::kSnapshot;
    pending_snapshot = index;
  }
  bool Paused(size_t max_inflight) const {
    switch (state) {
      case ProgressState::kProbe: return probe_sent;
      case ProgressState::kReplicate: return inflight.size() >= max_inflight;
      case ProgressState::kSnapshot: return true;
    }
    return true;
  }
  void FreeUpTo(uint64_t index) {
    while (!inflight.empty() && inflight.front() <= index) inflight.pop_front();
  }
};

}  // namespace etcdlite::raft
