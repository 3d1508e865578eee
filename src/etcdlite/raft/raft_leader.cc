#include "etcdlite/raft/raft_core_impl.h"

namespace etcdlite::raft {

void RaftCoreImpl::AppendEntry(Entry entry) {
  entry.index = log_.last() + 1;
  entry.term = term_;
  log_.Append(std::move(entry));
}

absl::Status RaftCoreImpl::Propose(std::string data) {
  if (role_ == Role::kLeader) {
    if (!IsMember(conf_, config_.id)) return absl::UnavailableError("removed from the cluster");
    if (transfer_to_ != 0) return absl::UnavailableError("leadership is moving");
    Entry entry;
    entry.data = std::make_shared<const std::string>(std::move(data));
    AppendEntry(std::move(entry));
    Broadcast();
    return absl::OkStatus();
  }
  if (leader_ == 0) return absl::UnavailableError("no leader");
  Message m;
  m.type = MessageType::kPropose;
  m.to = leader_;
  m.entries.resize(1);
  m.entries[0].data = std::make_shared<const std::string>(std::move(data));
  Send(std::move(m));
  return absl::OkStatus();
}

absl::Status RaftCoreImpl::AppendConfChange(const std::string& data) {
  if (transfer_to_ != 0) return absl::UnavailableError("leadership is moving");
  if (pending_conf_index_ > log_.handed_out() || unapplied_confs_ > 0) {
    return absl::FailedPreconditionError("another configuration change is under way");
  }
  Entry entry;
  entry.type = EntryType::kConfChange;
  entry.data = std::make_shared<const std::string>(data);
  AppendEntry(std::move(entry));
  pending_conf_index_ = log_.last();
  Broadcast();
  return absl::OkStatus();
}

absl::Status RaftCoreImpl::ProposeConfChange(const ConfChange& change) {
  if (role_ == Role::kLeader) {
    const absl::StatusOr<ConfState> next = ChangeConf(conf_, change);
    if (!next.ok()) return next.status();
    return AppendConfChange(EncodeConfChange(change));
  }
  if (leader_ == 0) return absl::UnavailableError("no leader");
  Message m;
  m.type = MessageType::kPropose;
  m.to = leader_;
  m.entries.resize(1);
  m.entries[0].type = EntryType::kConfChange;
  m.entries[0].data = std::make_shared<const std::string>(EncodeConfChange(change));
  Send(std::move(m));
  return absl::OkStatus();
}

ConfState RaftCoreImpl::ApplyConfChange(const ConfChange& change) {
  --unapplied_confs_;
  absl::StatusOr<ConfState> next = ChangeConf(conf_, change);
  if (!next.ok()) return conf_;  // every member finds the same
  conf_ = *std::move(next);
  if (role_ != Role::kLeader) return conf_;
  for (auto it = progress_.begin(); it != progress_.end();) {
    it = IsMember(conf_, it->first) ? std::next(it) : progress_.erase(it);
  }
  for (const MemberId id : AllMembers(conf_)) {
    if (id == config_.id || progress_.contains(id)) continue;
    Progress& progress = progress_[id];
    progress.next = log_.last() + 1;
    progress.recently_active = true;
  }
  if (transfer_to_ != 0 && !IsVoter(conf_, transfer_to_)) transfer_to_ = 0;
  if (!IsVoter(conf_, config_.id)) {  // removed or demoted: the others elect
    BecomeFollower(term_, 0);
    return conf_;
  }
  MaybeCommit();  // a smaller quorum may have been reached already
  Broadcast();
  if (IsJoint(conf_)) (void)AppendConfChange(EncodeConfChange(ConfChange{}));  // a new leader tries again
  return conf_;
}

void RaftCoreImpl::Broadcast() {
  for (auto& [id, progress] : progress_) SendAppend(id, progress, /*even_if_empty=*/true);
}

void RaftCoreImpl::SendAppend(MemberId to, Progress& progress, bool even_if_empty) {
  while (!progress.Paused(config_.max_inflight)) {
    const std::optional<uint64_t> previous_term = log_.TermAt(progress.next - 1);
    if (!previous_term.has_value()) {  // compacted away: only a snapshot helps
      if (!progress.recently_active) return;
      progress.BecomeSnapshot(log_.handed_out());
      Message m;
      m.type = MessageType::kSnapshot;
      m.to = to;
      Send(std::move(m));
      return;
    }
    Message m;
    m.type = MessageType::kAppend;
    m.to = to;
    m.index = progress.next - 1;
    m.log_term = *previous_term;
    m.commit = log_.committed();
    m.entries = log_.Slice(progress.next, log_.last(), config_.max_message_bytes);
    if (m.entries.empty() && !even_if_empty) return;
    even_if_empty = false;
    if (progress.state == ProgressState::kProbe) {
      progress.probe_sent = true;
    } else if (!m.entries.empty()) {
      progress.next = m.entries.back().index + 1;
      progress.inflight.push_back(progress.next - 1);
    }
    Send(std::move(m));
  }
}

void RaftCoreImpl::BroadcastHeartbeat(uint64_t context) {
  for (const auto& [id, progress] : progress_) {
    Message m;
    m.type = MessageType::kHeartbeat;
    m.to = id;
    m.commit = std::min(progress.match, log_.committed());  // it may not have the rest yet
    m.context = context;
    Send(std::move(m));
  }
}

bool RaftCoreImpl::MaybeCommit() {
  const uint64_t index = QuorumIndex(conf_, [this](MemberId id) {
    if (id == config_.id) return log_.stable();
    const auto found = progress_.find(id);
    return found == progress_.end() ? uint64_t{0} : found->second.match;
  });
  // Only entries of the own term are committed by counting (§3.6.2); earlier ones come along.
  if (index <= log_.committed() || log_.TermAt(index) != term_) return false;
  log_.CommitTo(index);
  ReleaseHeldReads();
  return true;
}

void RaftCoreImpl::StepLeader(Message& m) {
  const auto found = progress_.find(m.from);
  if (found != progress_.end()) found->second.recently_active = true;
  switch (m.type) {
    case MessageType::kAppendReply:
      if (found != progress_.end()) HandleAppendReply(m);
      break;
    case MessageType::kHeartbeatReply:
      if (found != progress_.end()) HandleHeartbeatReply(m);
      break;
    case MessageType::kPropose:
      for (Entry& entry : m.entries) {
        if (transfer_to_ != 0) break;  // dropped; the asker times out and tries again
        if (entry.type == EntryType::kConfChange) {
          if (entry.data != nullptr) (void)AppendConfChange(*entry.data);
        } else {
          AppendEntry(std::move(entry));
        }
      }
      Broadcast();
      break;
    case MessageType::kReadIndex:
      StartRead(m.from, m.context);
      break;
    case MessageType::kTransferLeader:
      HandleTransfer(m.index);  // the target rides in `index`
      break;
    default:
      break;
  }
}

void RaftCoreImpl::HandleAppendReply(const Message& m) {
  Progress& progress = progress_[m.from];
  if (m.reject) {
    if (progress.state == ProgressState::kReplicate) {
      if (m.index <= progress.match) return;  // stale
      progress.BecomeProbe(progress.match + 1);
    } else if (progress.state == ProgressState::kProbe) {
      if (progress.next - 1 != m.index) return;  // stale
      // The follower's term at its hint tells how far back ours can still agree.
      uint64_t next = m.reject_hint;
      if (m.log_term > 0) next = log_.ConflictHint(m.reject_hint, m.log_term);
      progress.BecomeProbe(std::max(progress.match + 1, std::min(m.index, next + 1)));
    }
    SendAppend(m.from, progress, /*even_if_empty=*/true);
    return;
  }
  const bool advanced = m.index > progress.match;
  if (advanced) progress.match = m.index;
  progress.next = std::max(progress.next, m.index + 1);
  switch (progress.state) {
    case ProgressState::kProbe:
      if (m.index + 1 < progress.next && !advanced) break;
      progress.BecomeReplicate();
      break;
    case ProgressState::kSnapshot:
      if (progress.match + 1 >= log_.first()) progress.BecomeReplicate();
      break;
    case ProgressState::kReplicate:
      progress.FreeUpTo(m.index);
      break;
  }
  if (advanced && MaybeCommit()) {
    Broadcast();
  } else {
    SendAppend(m.from, progress, /*even_if_empty=*/false);
  }
  if (transfer_to_ == m.from && progress.match == log_.last()) {
    Message now;
    now.type = MessageType::kTimeoutNow;
    now.to = m.from;
    Send(std::move(now));
  }
}

void RaftCoreImpl::HandleHeartbeatReply(const Message& m) {
  Progress& progress = progress_[m.from];
  progress.probe_sent = false;
  if (progress.state == ProgressState::kReplicate && progress.inflight.size() >= config_.max_inflight) {
    progress.inflight.pop_front();  // replies may have been lost: let one more go
  }
  // An entry lost on the way shows as a gap the follower rejects; one lost at the end only here.
  if (progress.match < log_.last()) {
    if (progress.state == ProgressState::kReplicate && progress.inflight.empty() && progress.next > progress.match + 1) {
      progress.BecomeProbe(progress.match + 1);
    }
    SendAppend(m.from, progress, /*even_if_empty=*/true);
  }
  if (m.context != 0) AckReads(m.from, m.context);
}

void RaftCoreImpl::TransferLeader(MemberId to) {
  if (role_ == Role::kLeader) {
    HandleTransfer(to);
  } else if (leader_ != 0) {
    Message m;
    m.type = MessageType::kTransferLeader;
    m.to = leader_;
    m.index = to;
    Send(std::move(m));
  }
}

void RaftCoreImpl::HandleTransfer(MemberId to) {
  const auto found = progress_.find(to);
  if (found == progress_.end() || !Contains(conf_.voters, to) || transfer_to_ == to) return;
  transfer_to_ = to;
  election_elapsed_ = 0;  // it has one election timeout
  if (found->second.match == log_.last()) {
    Message now;
    now.type = MessageType::kTimeoutNow;
    now.to = to;
    Send(std::move(now));
  } else {
    SendAppend(to, found->second, /*even_if_empty=*/true);
  }
}

void RaftCoreImpl::ReadIndex(uint64_t context) {
  if (role_ == Role::kLeader) {
    StartRead(config_.id, context);
  } else if (leader_ != 0) {
    Message m;
    m.type = MessageType::kReadIndex;
    m.to = leader_;
    m.context = context;
    Send(std::move(m));
  } else {
    read_results_.push_back({context, 0, false});
  }
}

void RaftCoreImpl::StartRead(MemberId from, uint64_t context) {
  if (!CommittedInTerm()) {  // the commit index may lag what an earlier leader acknowledged (§6.4)
    held_reads_.push_back({from, context});
    return;
  }
  const bool alone = conf_.voters.size() == 1 && !IsJoint(conf_) && conf_.voters[0] == config_.id;
  if (alone) {
    AnswerRead(from, context, log_.committed());
    return;
  }
  reads_.push_back({from, context, ++read_round_, log_.committed(), {config_.id}});
  BroadcastHeartbeat(read_round_);
}

void RaftCoreImpl::AnswerRead(MemberId from, uint64_t context, uint64_t index) {
  if (from == config_.id) {
    read_results_.push_back({context, index, true});
    return;
  }
  Message m;
  m.type = MessageType::kReadIndexReply;
  m.to = from;
  m.context = context;
  m.index = index;
  Send(std::move(m));
}

void RaftCoreImpl::ReleaseHeldReads() {
  if (!CommittedInTerm()) return;
  for (const auto& [from, context] : std::exchange(held_reads_, {})) StartRead(from, context);
}

void RaftCoreImpl::AckReads(MemberId from, uint64_t round) {
  for (PendingRead& read : reads_) {
    if (read.round <= round) read.acks.insert(from);  // a later heartbeat confirms earlier reads as well
  }
  while (!reads_.empty()) {
    const PendingRead& read = reads_.front();
    const VoteResult confirmed = CountVotes(
        conf_, [&](MemberId id) { return read.acks.contains(id) ? Vote::kYes : Vote::kMissing; });
    if (confirmed != VoteResult::kWon) return;
    AnswerRead(read.from, read.context, read.index);
    reads_.pop_front();
  }
}

bool RaftCoreImpl::QuorumActive() {
  const VoteResult active = CountVotes(conf_, [this](MemberId id) {
    if (id == config_.id) return Vote::kYes;
    const auto found = progress_.find(id);
    return found != progress_.end() && found->second.recently_active ? Vote::kYes : Vote::kNo;
  });
  for (auto& [id, progress] : progress_) progress.recently_active = false;
  return active == VoteResult::kWon;
}

void RaftCoreImpl::ReportUnreachable(MemberId id) {
  const auto found = progress_.find(id);
  if (role_ != Role::kLeader || found == progress_.end()) return;
  if (found->second.state == ProgressState::kReplicate) found->second.BecomeProbe(found->second.match + 1);
}

void RaftCoreImpl::ReportSnapshot(MemberId id, bool ok, uint64_t index) {
  const auto found = progress_.find(id);
  if (role_ != Role::kLeader || found == progress_.end()) return;
  Progress& progress = found->second;
  if (progress.state != ProgressState::kSnapshot) return;
  progress.BecomeProbe(ok ? std::max(progress.match, index) + 1 : progress.match + 1);
  progress.probe_sent = true;  // wait for a sign of life before the next try
}

uint64_t RaftCoreImpl::match_of(MemberId id) const {
  if (role_ != Role::kLeader) return 0;
  if (id == config_.id) return log_.stable();
  const auto found = progress_.find(id);
  return found == progress_.end() ? 0 : found->second.match;
}

bool RaftCoreImpl::recently_active(MemberId id) const {
  if (id == config_.id) return true;
  const auto found = progress_.find(id);
  return found != progress_.end() && found->second.recently_active;
}

bool RaftCoreImpl::sole_voter_leader() const {
  return role_ == Role::kLeader && conf_.voters.size() == 1 && conf_.voters_outgoing.empty() &&
         conf_.voters[0] == config_.id && log_.TermAt(log_.handed_out()) == term_;
}

}  // namespace etcdlite::raft
