#include "absl/strings/str_cat.h"
#include "etcdlite/raft/raft_core_impl.h"

namespace etcdlite::raft {

absl::StatusOr<std::unique_ptr<RaftCore>> RaftCore::Create(const Config& config, InitialState initial,
                                                           base::Rng& rng) {
  if (config.id == 0) return absl::InvalidArgumentError("id: must not be 0");
  if (config.heartbeat_ticks < 1) return absl::InvalidArgumentError("heartbeat_ticks: must be positive");
  if (config.election_ticks <= config.heartbeat_ticks) {
    return absl::InvalidArgumentError(absl::StrCat("election_ticks: ", config.election_ticks,
                                                   " must be more than heartbeat_ticks ", config.heartbeat_ticks));
  }
  uint64_t index = initial.base.index;
  for (const Entry& entry : initial.entries) {
    if (entry.index != ++index) {
      return absl::InvalidArgumentError(absl::StrCat("entries: expected index ", index, ", got ", entry.index));
    }
  }
  if (initial.hard_state.commit > index) {
    return absl::DataLossError(absl::StrCat("entries: the log ends at ", index, " but ", initial.hard_state.commit,
                                            " were committed"));
  }
  return std::make_unique<RaftCoreImpl>(config, std::move(initial), rng);
}

RaftCoreImpl::RaftCoreImpl(const Config& config, InitialState initial, base::Rng& rng)
    : config_(config), rng_(rng), log_(initial.base.index, initial.base.term, std::move(initial.entries)),
      conf_(std::move(initial.base.conf)) {
  term_ = std::max(initial.hard_state.term, log_.last_term());
  vote_ = term_ == initial.hard_state.term ? initial.hard_state.vote : 0;
  log_.CommitTo(initial.hard_state.commit);
  saved_ = {term_, vote_, log_.committed()};
  BecomeFollower(term_, 0);
}

bool RaftCoreImpl::HasReady() const {
  return install_.has_value() || log_.HasUnstable() || log_.HasCommitted() || !messages_.empty() ||
         !after_sync_.empty() || !read_results_.empty() ||
         !(saved_ == HardState{term_, vote_, log_.committed()});
}

Ready RaftCoreImpl::TakeReady() {
  Ready ready;
  ready.number = ++ready_number_;
  ready.install = std::exchange(install_, std::nullopt);
  ready.entries = log_.TakeUnstable();
  const HardState now{term_, vote_, log_.committed()};
  if (!(now == saved_)) ready.hard_state = now;
  ready.must_sync = ready.install.has_value() || !ready.entries.empty() || now.term != saved_.term ||
                    now.vote != saved_.vote;
  saved_ = now;
  ready.messages = std::exchange(messages_, {});
  ready.after_sync = std::exchange(after_sync_, {});
  ready.committed = log_.TakeCommitted(config_.max_apply_bytes);
  for (const Entry& entry : ready.committed) unapplied_confs_ += entry.type == EntryType::kConfChange ? 1 : 0;
  ready.reads = std::exchange(read_results_, {});
  if (!ready.entries.empty()) {
    persisting_.push_back({ready.number, {ready.entries.back().index, ready.entries.back().term}});
  }
  return ready;
}

void RaftCoreImpl::Persisted(uint64_t ready_number) {
  while (!persisting_.empty() && persisting_.front().first <= ready_number) {
    const auto [index, term] = persisting_.front().second;
    persisting_.pop_front();
    log_.Persisted(index, term);
  }
  if (role_ == Role::kLeader && MaybeCommit()) Broadcast();
}

void RaftCoreImpl::ResetTerm(uint64_t term) {
  if (term_ != term) {
    term_ = term;
    vote_ = 0;
  }
  leader_ = 0;
  election_elapsed_ = heartbeat_elapsed_ = 0;
  election_timeout_ = config_.election_ticks + static_cast<int>(rng_.Below(config_.election_ticks));
  votes_.clear();
  progress_.clear();
  transfer_to_ = 0;
  for (const PendingRead& read : reads_) {  // those asked for by others time out there
    if (read.from == config_.id) read_results_.push_back({read.context, 0, false});
  }
  for (const auto& [from, context] : held_reads_) {
    if (from == config_.id) read_results_.push_back({context, 0, false});
  }
  reads_.clear();
  held_reads_.clear();
}

void RaftCoreImpl::BecomeFollower(uint64_t term, MemberId leader) {
  ResetTerm(term);
  role_ = Role::kFollower;
  leader_ = leader;
}

void RaftCoreImpl::BecomeLeader() {
  ResetTerm(term_);
  role_ = Role::kLeader;
  leader_ = config_.id;
  for (const MemberId id : AllMembers(conf_)) {
    if (id == config_.id) continue;
    Progress& progress = progress_[id];
    progress.next = log_.last() + 1;
    progress.recently_active = true;  // a full timeout to show themselves
  }
  pending_conf_index_ = log_.last();  // an unapplied change may be in there
  AppendEntry(Entry{});
}

void RaftCoreImpl::StartElection(bool pre_vote, bool force) {
  if (pre_vote) {
    role_ = Role::kPreCandidate;
    leader_ = 0;
    votes_.clear();
    election_elapsed_ = 0;
    election_timeout_ = config_.election_ticks + static_cast<int>(rng_.Below(config_.election_ticks));
  } else {
    ResetTerm(term_ + 1);
    role_ = Role::kCandidate;
    vote_ = config_.id;
  }
  Message self;
  self.type = pre_vote ? MessageType::kPreVoteReply : MessageType::kVoteReply;
  self.from = config_.id;
  self.term = pre_vote ? term_ + 1 : term_;
  for (const MemberId id : AllMembers(conf_)) {
    if (id == config_.id || !IsVoter(conf_, id)) continue;
    Message m;
    m.type = pre_vote ? MessageType::kPreVote : MessageType::kVote;
    m.to = id;
    m.term = self.term;
    m.index = log_.last();
    m.log_term = log_.last_term();
    m.force = force;
    Send(std::move(m));
  }
  HandleVoteReply(self);  // one voter alone has just won
}

void RaftCoreImpl::Campaign() {
  if (role_ == Role::kLeader || !Promotable()) return;
  StartElection(/*pre_vote=*/true, /*force=*/false);
}

void RaftCoreImpl::HandleVoteReply(const Message& m) {
  const bool pre_vote = m.type == MessageType::kPreVoteReply;
  if (role_ != (pre_vote ? Role::kPreCandidate : Role::kCandidate)) return;
  votes_.try_emplace(m.from, !m.reject);
  const VoteResult result = CountVotes(conf_, [this](MemberId id) {
    const auto vote = votes_.find(id);
    return vote == votes_.end() ? Vote::kMissing : vote->second ? Vote::kYes : Vote::kNo;
  });
  if (result == VoteResult::kLost) {
    BecomeFollower(term_, 0);
  } else if (result == VoteResult::kWon && pre_vote) {
    StartElection(/*pre_vote=*/false, /*force=*/false);
  } else if (result == VoteResult::kWon) {
    BecomeLeader();
    Broadcast();
  }
}

void RaftCoreImpl::HandleVoteRequest(const Message& m) {
  const bool pre_vote = m.type == MessageType::kPreVote;
  const bool free = vote_ == m.from || (vote_ == 0 && leader_ == 0) || (pre_vote && m.term > term_);
  Message reply;
  reply.type = pre_vote ? MessageType::kPreVoteReply : MessageType::kVoteReply;
  reply.to = m.from;
  if (free && log_.UpToDate(m.index, m.log_term)) {
    reply.term = m.term;  // a pre-vote is for the term to come
    if (!pre_vote) {
      election_elapsed_ = 0;
      vote_ = m.from;
    }
  } else {
    reply.term = term_;
    reply.reject = true;
  }
  Send(std::move(reply));
}

bool RaftCoreImpl::AcceptTerm(const Message& m) {
  if (m.term == 0 || m.term == term_) return true;
  const bool vote_request = m.type == MessageType::kVote || m.type == MessageType::kPreVote;
  if (m.term > term_) {
    if (vote_request && !m.force && InLease()) return false;  // a live leader is not deposed by a partitioned peer
    if (m.type == MessageType::kPreVote) return true;
    if (m.type == MessageType::kPreVoteReply && !m.reject) return true;
    const bool from_leader = m.type == MessageType::kAppend || m.type == MessageType::kHeartbeat ||
                             m.type == MessageType::kSnapshot;
    BecomeFollower(m.term, from_leader ? m.from : 0);
    return true;
  }
  if (m.type == MessageType::kHeartbeat || m.type == MessageType::kAppend) {
    // Tells a leader of an older term about ours, which pre-vote and leases might otherwise hide from it.
    Message reply;
    reply.type = MessageType::kAppendReply;
    reply.to = m.from;
    Send(std::move(reply));
  } else if (m.type == MessageType::kPreVote) {
    Message reply;
    reply.type = MessageType::kPreVoteReply;
    reply.to = m.from;
    reply.reject = true;
    Send(std::move(reply));
  }
  return false;
}

void RaftCoreImpl::Step(Message m) {
  if (!AcceptTerm(m)) return;
  switch (m.type) {
    case MessageType::kVote:
    case MessageType::kPreVote:
      HandleVoteRequest(m);
      return;
    case MessageType::kVoteReply:
    case MessageType::kPreVoteReply:
      HandleVoteReply(m);
      return;
    default:
      if (role_ == Role::kLeader) {
        StepLeader(m);
      } else {
        StepFollower(m);
      }
  }
}

void RaftCoreImpl::Tick() {
  ++election_elapsed_;
  if (role_ != Role::kLeader) {
    if (Promotable() && election_elapsed_ >= election_timeout_) StartElection(/*pre_vote=*/true, /*force=*/false);
    return;
  }
  if (election_elapsed_ >= config_.election_ticks) {
    election_elapsed_ = 0;
    transfer_to_ = 0;  // the target did not make it in time
    if (!QuorumActive()) {
      BecomeFollower(term_, 0);
      return;
    }
  }
  if (++heartbeat_elapsed_ >= config_.heartbeat_ticks) {
    heartbeat_elapsed_ = 0;
    BroadcastHeartbeat(reads_.empty() ? 0 : reads_.back().round);
  }
}

void RaftCoreImpl::Send(Message m) {
  m.from = config_.id;
  const bool forwarded = m.type == MessageType::kPropose || m.type == MessageType::kReadIndex;
  if (m.term == 0 && !forwarded) m.term = term_;
  // A leader's appends run beside its own disk write. Everything else promises something that must be on disk.
  const bool now = m.type == MessageType::kAppend || m.type == MessageType::kHeartbeat ||
                   m.type == MessageType::kSnapshot || m.type == MessageType::kTimeoutNow ||
                   m.type == MessageType::kReadIndexReply || forwarded;
  (now ? messages_ : after_sync_).push_back(std::move(m));
}

}  // namespace etcdlite::raft
