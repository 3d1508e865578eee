#include "etcdlite/raft/raft_core_impl.h"

namespace etcdlite::raft {

void RaftCoreImpl::StepFollower(Message& m) {
  switch (m.type) {
    case MessageType::kAppend:
    case MessageType::kHeartbeat:
    case MessageType::kSnapshot:
      if (role_ != Role::kFollower) BecomeFollower(term_, m.from);  // somebody won this term
      leader_ = m.from;
      election_elapsed_ = 0;
      if (m.type == MessageType::kAppend) {
        HandleAppend(m);
      } else if (m.type == MessageType::kSnapshot) {
        HandleSnapshot(m);
      } else {
        log_.CommitTo(m.commit);
        Message reply;
        reply.type = MessageType::kHeartbeatReply;
        reply.to = m.from;
        reply.context = m.context;
        Send(std::move(reply));
      }
      break;
    case MessageType::kTimeoutNow:  // the leader asks us to take over: no pre-vote, no lease
      if (Promotable()) StartElection(/*pre_vote=*/false, /*force=*/true);
      break;
    case MessageType::kTransferLeader:
      if (leader_ != 0 && m.from != leader_) {
        m.to = leader_;
        m.term = 0;
        after_sync_.push_back(std::move(m));  // keeps its origin
      }
      break;
    case MessageType::kReadIndexReply:
      read_results_.push_back({m.context, m.index, !m.reject});
      break;
    default:
      break;
  }
}

void RaftCoreImpl::HandleAppend(Message& m) {
  Message reply;
  reply.type = MessageType::kAppendReply;
  reply.to = m.from;
  if (m.index < log_.committed()) {
    reply.index = log_.committed();  // old news
  } else if (log_.Matches(m.index, m.log_term)) {
    reply.index = log_.Merge(m.index, std::move(m.entries));
    log_.CommitTo(std::min(m.commit, reply.index));
  } else {
    // Our last entry at or before the mismatch whose term could agree: the leader need not probe one by one.
    reply.reject = true;
    reply.index = m.index;
    reply.reject_hint = log_.ConflictHint(m.index, m.log_term);
    reply.log_term = log_.TermAt(reply.reject_hint).value_or(0);
  }
  Send(std::move(reply));
}

void RaftCoreImpl::HandleSnapshot(const Message& m) {
  Message reply;
  reply.type = MessageType::kAppendReply;
  reply.to = m.from;
  const SnapshotMark& mark = *m.snapshot;
  if (mark.index <= log_.committed()) {
    reply.index = log_.committed();
  } else if (log_.Matches(mark.index, mark.term)) {
    log_.CommitTo(mark.index);
    reply.index = log_.committed();
  } else {
    log_.Reset(mark.index, mark.term);
    persisting_.clear();
    conf_ = mark.conf;
    install_ = mark;
    reply.index = mark.index;
  }
  Send(std::move(reply));
}

}  // namespace etcdlite::raft
