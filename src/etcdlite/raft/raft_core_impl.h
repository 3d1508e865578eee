// RaftCore's insides, shared by the files that implement it: raft_core.cc (roles, elections, messages),
// raft_leader.cc (replication, reads, membership), raft_follower.cc (appends, snapshots). Include nowhere else.
#pragma once
#include <deque>
#include <set>

#include "etcdlite/raft/progress.h"
#include "etcdlite/raft/quorum.h"
#include "etcdlite/raft/raft_core.h"
#include "etcdlite/raft/raft_log.h"

namespace etcdlite::raft {

class RaftCoreImpl final : public RaftCore {
 public:
  RaftCoreImpl(const Config& config, InitialState initial, base::Rng& rng);

  void Tick() override;
  void Step(Message message) override;
  void Campaign() override;
  absl::Status Propose(std::string data) override;
  absl::Status ProposeConfChange(const ConfChange& change) override;
  ConfState ApplyConfChange(const ConfChange& change) override;
  void ReadIndex(uint64_t context) override;
  void TransferLeader(MemberId to) override;
  void ReportUnreachable(MemberId id) override;
  void ReportSnapshot(MemberId id, bool ok, uint64_t index) override;
  bool HasReady() const override;
  Ready TakeReady() override;
  void Persisted(uint64_t ready_number) override;
  void CompactLog(uint64_t index) override { log_.CompactTo(index); }
  Role role() const override { return role_; }
  MemberId leader() const override { return leader_; }
  uint64_t term() const override { return term_; }
  uint64_t committed() const override { return log_.committed(); }
  uint64_t first_index() const override { return log_.first(); }
  uint64_t last_index() const override { return log_.last(); }
  size_t log_bytes() const override { return log_.bytes(); }
  const ConfState& conf() const override { return conf_; }
  MemberId transferring_to() const override { return transfer_to_; }
  uint64_t match_of(MemberId id) const override;
  bool recently_active(MemberId id) const override;
  bool sole_voter_leader() const override;

 private:
  // Roles and elections.
  void BecomeFollower(uint64_t term, MemberId leader);
  void BecomeLeader();
  void StartElection(bool pre_vote, bool force);
  void ResetTerm(uint64_t term);
  bool Promotable() const { return Contains(conf_.voters, config_.id) || Contains(conf_.voters_outgoing, config_.id); }
  bool InLease() const { return leader_ != 0 && election_elapsed_ < config_.election_ticks; }
  void HandleVoteRequest(const Message& m);
  void HandleVoteReply(const Message& m);
  bool AcceptTerm(const Message& m);  // false: the message is void
  void StepLeader(Message& m);
  void StepFollower(Message& m);
  void Send(Message m);

  // Leader.
  void AppendEntry(Entry entry);
  void Broadcast();
  void SendAppend(MemberId to, Progress& progress, bool even_if_empty);
  void BroadcastHeartbeat(uint64_t context);
  bool MaybeCommit();
  void HandleAppendReply(const Message& m);
  void HandleHeartbeatReply(const Message& m);
  void HandleTransfer(MemberId to);
  void StartRead(MemberId from, uint64_t context);
  void AckReads(MemberId from, uint64_t context);
  void AnswerRead(MemberId from, uint64_t context, uint64_t index);
  void ReleaseHeldReads();
  bool QuorumActive();
  bool CommittedInTerm() const { return log_.TermAt(log_.committed()) == term_; }
  absl::Status AppendConfChange(const std::string& data);

  // Follower.
  void HandleAppend(Message& m);
  void HandleSnapshot(const Message& m);

  const Config config_;
  base::Rng& rng_;
  RaftLog log_;
  ConfState conf_;
  Role role_ = Role::kFollower;
  uint64_t term_ = 0;
  MemberId vote_ = 0;
  MemberId leader_ = 0;
  HardState saved_;  // as last handed out

  int election_elapsed_ = 0;
  int heartbeat_elapsed_ = 0;
  int election_timeout_ = 0;
  std::map<MemberId, bool> votes_;

  std::map<MemberId, Progress> progress_;  // leader: every member but this one
  uint64_t pending_conf_index_ = 0;        // no second change before this is applied
  int unapplied_confs_ = 0;                // handed out, ApplyConfChange still to come
  MemberId transfer_to_ = 0;

  struct PendingRead {
    MemberId from;
    uint64_t context;  // as the asker numbered it
    uint64_t round;    // heartbeat round that confirms it
    uint64_t index;
    std::set<MemberId> acks;
  };
  std::deque<PendingRead> reads_;                          // rounds ascend
  std::vector<std::pair<MemberId, uint64_t>> held_reads_;  // until this term has committed something
  uint64_t read_round_ = 0;

  uint64_t ready_number_ = 0;
  std::deque<std::pair<uint64_t, std::pair<uint64_t, uint64_t>>> persisting_;  // number -> last index, term
  std::optional<SnapshotMark> install_;
  std::vector<Message> messages_, after_sync_;
  std::vector<ReadResult> read_results_;
};

}  // namespace etcdlite::raft
