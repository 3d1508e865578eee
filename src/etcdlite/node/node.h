// One member's shell around the raft core: the threads that own it, write its log and apply what it commits.
//
//   any thread --Propose--> raft thread --entries--> log thread (group commit, one fsync a batch)
//                                |  ^                     | persisted
//                                |  +---------------------+
//                                +--committed--> apply thread --> answers, watchers
//
// Acknowledged means: fsynced on a quorum and applied here. Messages to other members leave while the leader's own
// fsync runs. A failed log write or apply ends the process: what is on disk is all that counts.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "etcdlite/apply/applier.h"
#include "etcdlite/apply/request.h"
#include "etcdlite/mvcc/watch_hub.h"
#include "etcdlite/node/transport.h"
#include "etcdlite/raft/raft_core.h"
#include "etcdlite/wal/wal.h"

namespace etcdlite::node {

struct NodeOptions {
  uint64_t member_id = 0;
  absl::Duration heartbeat = absl::Milliseconds(100);
  absl::Duration election = absl::Milliseconds(1000);
  uint64_t snapshot_count = 10000;   // entries between flushes of the applied state; older log files then go
  size_t catch_up_entries = 5000;    // kept in memory for followers that lag
  size_t catch_up_bytes = 8 << 20;
};

struct NodeStatus {
  raft::Role role = raft::Role::kFollower;
  uint64_t leader = 0;
  uint64_t term = 0;
  uint64_t committed = 0;
  uint64_t applied = 0;
};

using Answered = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;
using Reached = absl::AnyInvocable<void(absl::Status)>;

class Node {
 public:
  struct Parts {
    apply::State* state = nullptr;
    apply::AppliedMark mark;
    std::unique_ptr<wal::Wal> wal;
    raft::InitialState initial;
    std::function<void()> on_members_changed;  // apply thread
    std::function<void()> on_auth_changed;     // apply thread
    std::function<void()> on_leader_changed;   // raft thread; must not block
  };
  static absl::StatusOr<std::unique_ptr<Node>> Create(const NodeOptions& options, Parts parts);
  virtual ~Node() = default;  // REQUIRES: Stop() was called

  // Before Start: where commits and messages go.
  virtual void SetHub(mvcc::WatchHub* hub) = 0;
  virtual void SetTransport(Transport* transport) = 0;
  virtual void Start() = 0;
  virtual void Stop() = 0;  // fails whatever waits; joins all threads

  // Puts a request into the log; `done` runs on some thread with the serialized answer. Unavailable: it may or may not
  // have happened. Without a leader it waits for one, up to the request timeout.
  virtual void Propose(apply::RequestKind kind, std::string payload, std::string user, Answered done) = 0;
  virtual void ProposeMember(const raft::ConfChangeStep& step, const apply::MemberInfo& member, Answered done) = 0;
  // Runs `done` (any thread) once this member has applied everything acknowledged before the call.
  virtual void ReadBarrier(Reached done) = 0;
  // Whether what is applied here is all there is, so that reads need no barrier.
  virtual bool ReadsAreLocal() const = 0;
  // `done` comes once `to` leads, or after the request timeout when it does not.
  virtual void TransferLeader(uint64_t to, Reached done) = 0;

  // From the transport.
  virtual void Receive(std::vector<raft::Message> messages) = 0;
  // A snapshot arrived whole; `install` (apply thread) loads it into the state and tells its mark.
  virtual void ReceiveSnapshot(raft::Message message, std::function<absl::StatusOr<apply::AppliedMark>()> install) = 0;
  virtual void ReportUnreachable(uint64_t member) = 0;
  virtual void ReportSnapshot(uint64_t member, bool ok, uint64_t index) = 0;

  virtual NodeStatus status() const = 0;
  virtual bool is_leader() const = 0;
  virtual bool IsCaughtUp(uint64_t member) const = 0;   // leader: a learner ready to vote
  virtual uint64_t BestSuccessor() const = 0;           // leader: who should lead when this one goes; 0: nobody
  virtual uint64_t NextRequestId() = 0;
  virtual absl::Duration request_timeout() const = 0;
  // Makes the applied state durable and lets old log files go. Any thread; slow.
  virtual absl::Status Flush() = 0;
};

}  // namespace etcdlite::node
