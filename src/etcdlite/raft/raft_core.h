// Decides what a raft member does next. Feed it messages, proposals and ticks, carry out what TakeReady()
// returns, and report back what reached the disk. No thread, clock, socket or disk inside: a whole cluster
// runs in one test from one seed. Not thread-safe: one owner thread.
//
// Rules follow the raft dissertation (Ongaro 2014): elections §3.4 with pre-vote §9.6 and check quorum §6.2,
// log replication §3.5 pipelined §10.2.1 with the leader's own disk write in parallel, leadership transfer §3.10,
// membership §4, linearizable reads §6.4.
#pragma once
#include <map>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/rng.h"
#include "etcdlite/raft/raft_types.h"

namespace etcdlite::raft {

struct Config {
  MemberId id = 0;
  int heartbeat_ticks = 1;
  int election_ticks = 10;              // timeouts are drawn from [n, 2n)
  size_t max_message_bytes = 1 << 20;   // of entries in one append
  size_t max_inflight = 256;            // unanswered appends to one follower
  size_t max_apply_bytes = 4 << 20;     // committed entries handed out at once
};

// What the disk remembers. `applied` entries are in the applied state and not handed out again.
struct InitialState {
  HardState hard_state;
  SnapshotMark base;           // before the first of `entries`; conf: as of `base`
  std::vector<Entry> entries;  // contiguous
};

enum class Role : uint8_t { kFollower, kPreCandidate, kCandidate, kLeader };

struct ReadResult {
  uint64_t context = 0;
  uint64_t index = 0;  // serve the read once this much is applied
  bool ok = false;     // false: no leader, ask again
  bool operator==(const ReadResult&) const = default;
};

// Work owed by the caller. Messages may go out at once; `after_sync` ones only when everything this and
// earlier Readys ask to persist is durable. Then Persisted(number).
struct Ready {
  uint64_t number = 0;
  std::optional<SnapshotMark> install;  // 1. the received snapshot replaces state and log
  std::optional<HardState> hard_state;  // 2. persist
  std::vector<Entry> entries;           //    persist; they replace stored ones >= entries[0].index
  bool must_sync = false;               //    only a moved commit index may wait for the next sync
  std::vector<Message> messages;
  std::vector<Message> after_sync;
  std::vector<Entry> committed;         // 3. apply in order
  std::vector<ReadResult> reads;        //    answered once applied
};

class RaftCore {
 public:
  // `rng` must outlive the result. InvalidArgument names the bad field.
  static absl::StatusOr<std::unique_ptr<RaftCore>> Create(const Config& config, InitialState initial, base::Rng& rng);
  virtual ~RaftCore() = default;

  virtual void Tick() = 0;                 // one unit of logical time
  virtual void Step(Message message) = 0;  // duplicated, reordered or stale messages are safe; a
                                           // kPropose repeated is two proposals
  virtual void Campaign() = 0;             // stand for election now
  // OK: appended here or forwarded; may still be lost before commit. Unavailable: no leader, or it is leaving.
  virtual absl::Status Propose(std::string data) = 0;
  virtual absl::Status ProposeConfChange(const ConfChange& change) = 0;  // FailedPrecondition: another is under way
  // The configuration entry was applied. Returns the configuration from now on; a change that does not fit is void.
  virtual ConfState ApplyConfChange(const ConfChange& change) = 0;
  virtual void ReadIndex(uint64_t context) = 0;         // answered in some Ready.reads; contexts ascend
  virtual void TransferLeader(MemberId to) = 0;         // best effort; given up after an election timeout
  virtual void ReportUnreachable(MemberId id) = 0;      // a message to it was probably lost
  virtual void ReportSnapshot(MemberId id, bool ok, uint64_t index) = 0;

  virtual bool HasReady() const = 0;
  virtual Ready TakeReady() = 0;
  virtual void Persisted(uint64_t ready_number) = 0;
  virtual void CompactLog(uint64_t index) = 0;          // entries up to here are not needed in memory

  virtual Role role() const = 0;
  virtual MemberId leader() const = 0;                  // 0: unknown
  virtual uint64_t term() const = 0;
  virtual uint64_t committed() const = 0;
  virtual uint64_t first_index() const = 0;
  virtual uint64_t last_index() const = 0;
  virtual size_t log_bytes() const = 0;
  virtual const ConfState& conf() const = 0;
  virtual MemberId transferring_to() const = 0;
  virtual uint64_t match_of(MemberId id) const = 0;     // 0 unless leader
  virtual bool recently_active(MemberId id) const = 0;  // leader: heard from since the last quorum check
  // Leader and sole voter with its own term's entry applied: all it applied is all there is, reads need no round.
  virtual bool sole_voter_leader() const = 0;
};

}  // namespace etcdlite::raft
