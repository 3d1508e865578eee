#include "etcdlite/apply/applier.h"

#include "base/log.h"
#include "base/status_macros.h"
#include "etcd/cluster.pb.h"
#include "etcd/kv.pb.h"
#include "etcd/lease.pb.h"
#include "etcd/maintenance.pb.h"
#include "etcdlite/apply/errors.h"
#include "etcdlite/apply/kv_requests.h"
#include "etcdlite/apply/request.h"
#include "etcdlite/mvcc/kv_codec.h"
#include "etcdlite/storage/byte_codec.h"
#include "etcdlite/storage/key_layout.h"
#include "etcdlite/wal/wal_frame.h"

namespace etcdlite::apply {
namespace {

template <typename Message>
bool Parse(absl::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

absl::Status MalformedError() { return absl::InternalError("a log entry does not parse"); }

bool HasAlarm(const Alarms& alarms, AlarmKind kind) {
  for (const auto& [member, raised] : alarms) {
    if (raised == kind) return true;
  }
  return false;
}

// What raft is told of a refused change: removing nobody changes nothing.
raft::ConfChange VoidConfChange() {
  raft::ConfChange change;
  change.steps.push_back({raft::ConfChangeType::kRemove, 0});
  return change;
}

constexpr size_t kGarbagePerBatch = 500;  // deletions that ride along with each batch of entries

}  // namespace

struct Applier::Batch {
  storage::WriteBatch writes;
  ApplyOutcome outcome;
  bool collect_all_garbage = false;
};

Applier::Applier(State* state, AppliedMark mark, Seams seams)
    : state_(state), mark_(std::move(mark)), seams_(std::move(seams)) {}

absl::StatusOr<ApplyOutcome> Applier::Apply(const std::vector<raft::Entry>& entries) {
  Batch batch;
  {
    std::lock_guard<std::mutex> lock(state_->mu);
    state_->store->Write([&](mvcc::Store& store) {
      for (const raft::Entry& entry : entries) {
        if (entry.index <= mark_.index) continue;  // replayed: the engine has it
        ApplyEntry(entry, store, batch);
        mark_.index = entry.index;
        mark_.term = entry.term;
      }
      store.TakeGarbage(batch.collect_all_garbage ? SIZE_MAX : kGarbagePerBatch, &batch.writes);
      batch.outcome.garbage = store.HasGarbage();
    });
  }
  batch.writes.Put(std::string(storage::kMetaApplied), EncodeApplied(mark_.index, mark_.term));
  RETURN_IF_ERROR(state_->store->engine()->Write(batch.writes));
  state_->store->Write([](mvcc::Store& store) { store.TrimRecent(); });
  return std::move(batch.outcome);
}

absl::StatusOr<bool> Applier::CollectGarbage(size_t max) {
  storage::WriteBatch writes;
  bool more = false;
  state_->store->Write([&](mvcc::Store& store) {
    store.TakeGarbage(max, &writes);
    more = store.HasGarbage();
  });
  if (!writes.empty()) RETURN_IF_ERROR(state_->store->engine()->Write(writes));
  return more;
}

void Applier::ApplyEntry(const raft::Entry& entry, mvcc::Store& store, Batch& batch) {
  if (entry.data == nullptr) return;  // a new leader's first entry
  if (entry.type == raft::EntryType::kConfChange) {
    const std::optional<raft::ConfChange> change = raft::DecodeConfChange(*entry.data);
    const raft::ConfChange applied = change.value_or(raft::ConfChange{});
    storage::ByteReader in(applied.context);
    const uint64_t id = applied.context.empty() ? 0 : in.Fixed64();
    absl::StatusOr<std::string> response = ApplyConfChange(applied, store, batch);
    batch.outcome.conf_changes.push_back(response.ok() ? applied : VoidConfChange());
    if (id != 0 && seams_.awaited(id)) batch.outcome.answers.push_back({id, std::move(response)});
    return;
  }
  const std::optional<Request> request = DecodeRequest(*entry.data);
  if (!request.has_value()) {
    base::LogError("a log entry does not parse index=", entry.index);
    return;
  }
  const bool awaited = request->id != 0 && seams_.awaited(request->id);
  absl::StatusOr<std::string> response = ApplyRequest(*request, store, batch, awaited);
  if (awaited) batch.outcome.answers.push_back({request->id, std::move(response)});
}

absl::StatusOr<std::string> Applier::ApplyRequest(const Request& request, mvcc::Store& store, Batch& batch, bool awaited) {
  switch (request.kind) {
    case RequestKind::kPut:
    case RequestKind::kDeleteRange:
    case RequestKind::kTxn:
      return ApplyKv(request, store, batch, awaited);
    case RequestKind::kCompaction:
      return ApplyCompaction(request, store, batch);
    case RequestKind::kLeaseGrant:
    case RequestKind::kLeaseRevoke:
    case RequestKind::kLeaseCheckpoint:
      return ApplyLease(request, store, batch);
    case RequestKind::kAlarm:
      return ApplyAlarm(request, store, batch);
    case RequestKind::kMemberAttributes:
    case RequestKind::kMemberUpdate:
      return ApplyMember(request, store, batch);
    default: {
      absl::StatusOr<std::string> response = state_->auth.Apply(static_cast<auth::AuthRequest>(request.kind), request.user,
                                                                request.payload, Header(store.revision()));
      if (response.ok()) {
        batch.writes.Put(std::string(storage::kMetaAuth), state_->auth.Encode());
        batch.outcome.auth_changed = true;
      }
      return response;
    }
  }
}

absl::StatusOr<std::string> Applier::ApplyKv(const Request& request, mvcc::Store& store, Batch& batch, bool awaited) {
  if (HasAlarm(state_->alarms, AlarmKind::kCorrupt)) return CorruptError();
  const bool full = HasAlarm(state_->alarms, AlarmKind::kNoSpace);
  const KvApplier::Header header = [this](int64_t revision) { return Header(revision); };
  mvcc::WriteTxn txn(&store);
  KvApplier kv(txn, state_->lessor, awaited ? &header : nullptr);
  absl::StatusOr<std::string> response = MalformedError();
  if (request.kind == RequestKind::kPut) {
    etcdserverpb::PutRequest put;
    if (full) return NoSpaceError();
    if (Parse(request.payload, &put)) {
      const absl::Status allowed = state_->auth.CheckPut(request.user, put);
      response = allowed.ok() ? kv.Put(put) : absl::StatusOr<std::string>(allowed);
    }
  } else if (request.kind == RequestKind::kDeleteRange) {
    etcdserverpb::DeleteRangeRequest del;
    if (Parse(request.payload, &del)) {
      const absl::Status allowed = state_->auth.CheckDelete(request.user, del);
      response = allowed.ok() ? kv.DeleteRange(del) : absl::StatusOr<std::string>(allowed);
    }
  } else {
    etcdserverpb::TxnRequest body;
    if (Parse(request.payload, &body)) {
      if (full && HasPut(body)) return NoSpaceError();
      const absl::Status allowed = state_->auth.CheckTxn(request.user, body);
      response = allowed.ok() ? kv.Txn(body) : absl::StatusOr<std::string>(allowed);
    }
  }
  if (mvcc::CommitPtr commit = txn.Finish(&batch.writes); commit != nullptr) {
    batch.outcome.commits.push_back(std::move(commit));
  }
  return response;
}

absl::StatusOr<std::string> Applier::ApplyCompaction(const Request& request, mvcc::Store& store, Batch& batch) {
  etcdserverpb::CompactionRequest body;
  if (!Parse(request.payload, &body)) return MalformedError();
  RETURN_IF_ERROR(store.Compact(body.revision(), &batch.writes));
  batch.collect_all_garbage = batch.collect_all_garbage || body.physical();
  std::string out;
  mvcc::AppendLengthDelimited(1, Header(store.revision()), &out);
  return out;
}

absl::StatusOr<std::string> Applier::ApplyLease(const Request& request, mvcc::Store& store, Batch& batch) {
  std::string out;
  if (request.kind == RequestKind::kLeaseGrant) {
    etcdserverpb::LeaseGrantRequest body;
    if (!Parse(request.payload, &body)) return MalformedError();
    if (HasAlarm(state_->alarms, AlarmKind::kNoSpace)) return NoSpaceError();
    RETURN_IF_ERROR(state_->lessor.Grant(body.id(), body.ttl(), 0, seams_.now()));
    batch.writes.Put(LeaseKey(body.id()), EncodeLease(body.ttl(), 0));
    mvcc::AppendLengthDelimited(1, Header(store.revision()), &out);
    mvcc::AppendInt(2, body.id(), &out);
    mvcc::AppendInt(3, body.ttl(), &out);
    return out;
  }
  if (request.kind == RequestKind::kLeaseRevoke) {
    etcdserverpb::LeaseRevokeRequest body;
    if (!Parse(request.payload, &body)) return MalformedError();
    if (!request.user.empty()) {  // ending a lease deletes its keys; expiry (no user) needs no leave
      const lease::LeaseInfo* lease = state_->lessor.Find(body.id());
      if (lease != nullptr) {
        for (const std::string& key : lease->keys) {
          RETURN_IF_ERROR(state_->auth.CheckAccess(request.user, {key, {}}, auth::Access::kWrite));
        }
      }
    }
    ASSIGN_OR_RETURN(const std::vector<std::string> keys, state_->lessor.Revoke(body.id()));
    batch.writes.Delete(LeaseKey(body.id()));
    mvcc::WriteTxn txn(&store);
    KvApplier(txn, state_->lessor, nullptr).DeleteKeys(keys);
    if (mvcc::CommitPtr commit = txn.Finish(&batch.writes); commit != nullptr) {
      batch.outcome.commits.push_back(std::move(commit));
    }
    mvcc::AppendLengthDelimited(1, Header(store.revision()), &out);
    return out;
  }
  etcdserverpb::LeaseCheckpointRequest body;
  if (!Parse(request.payload, &body)) return MalformedError();
  for (const etcdserverpb::LeaseCheckpoint& checkpoint : body.checkpoints()) {
    const lease::LeaseInfo* lease = state_->lessor.Find(checkpoint.id());
    if (lease == nullptr) continue;
    batch.writes.Put(LeaseKey(checkpoint.id()), EncodeLease(lease->ttl, checkpoint.remaining_ttl()));
    state_->lessor.Checkpoint(checkpoint.id(), checkpoint.remaining_ttl(), seams_.now());
  }
  mvcc::AppendLengthDelimited(1, Header(store.revision()), &out);
  return out;
}

absl::StatusOr<std::string> Applier::ApplyAlarm(const Request& request, mvcc::Store& store, Batch& batch) {
  etcdserverpb::AlarmRequest body;
  if (!Parse(request.payload, &body)) return MalformedError();
  etcdserverpb::AlarmResponse response;
  const auto add = [&](uint64_t member, AlarmKind kind) {
    etcdserverpb::AlarmMember* alarm = response.add_alarms();
    alarm->set_memberid(member);
    alarm->set_alarm(static_cast<etcdserverpb::AlarmType>(kind));
  };
  const std::pair<uint64_t, AlarmKind> alarm{body.memberid(), static_cast<AlarmKind>(body.alarm())};
  switch (body.action()) {
    case etcdserverpb::AlarmRequest::GET:
      for (const auto& [member, kind] : state_->alarms) {
        if (body.alarm() == etcdserverpb::NONE || static_cast<int>(kind) == body.alarm()) add(member, kind);
      }
      break;
    case etcdserverpb::AlarmRequest::ACTIVATE:
      if (body.alarm() != etcdserverpb::NONE && state_->alarms.insert(alarm).second) {
        base::LogWarning("alarm raised kind=", body.alarm(), " member=", body.memberid());
      }
      if (body.alarm() != etcdserverpb::NONE) add(alarm.first, alarm.second);
      break;
    case etcdserverpb::AlarmRequest::DEACTIVATE:
      if (state_->alarms.erase(alarm) > 0) add(alarm.first, alarm.second);
      break;
    default:
      break;
  }
  batch.writes.Put(std::string(storage::kMetaAlarms), EncodeAlarms(state_->alarms));
  std::string out;
  mvcc::AppendLengthDelimited(1, Header(store.revision()), &out);
  return out + response.SerializeAsString();
}

absl::StatusOr<std::string> Applier::ApplyMember(const Request& request, mvcc::Store& store, Batch& batch) {
  etcdserverpb::Member body;
  if (!Parse(request.payload, &body)) return MalformedError();
  const MemberInfo* known = state_->membership.Find(body.id());
  if (known == nullptr) return MemberNotFoundError();
  MemberInfo member = *known;
  if (request.kind == RequestKind::kMemberAttributes) {
    member.name = body.name();
    member.client_urls.assign(body.clienturls().begin(), body.clienturls().end());
  } else {
    member.peer_urls.assign(body.peerurls().begin(), body.peerurls().end());
  }
  state_->membership.Put(std::move(member));
  batch.outcome.members_changed = true;
  batch.writes.Put(std::string(storage::kMetaMembers), state_->membership.Encode());
  std::string out;
  mvcc::AppendLengthDelimited(1, Header(store.revision()), &out);
  return out;
}

absl::StatusOr<std::string> Applier::ApplyConfChange(const raft::ConfChange& change, mvcc::Store& store, Batch& batch) {
  MemberInfo member;
  if (change.context.size() > 8) {
    etcdserverpb::Member proto;
    if (!Parse(absl::string_view(change.context).substr(8), &proto)) return MalformedError();
    member = FromProto(proto);
  }
  // Checked again: another change may have come first. Every member refuses alike.
  for (const raft::ConfChangeStep& step : change.steps) {
    const MemberInfo* known = state_->membership.Find(step.id);
    if (step.type == raft::ConfChangeType::kRemove) {
      RETURN_IF_ERROR(state_->membership.CheckRemove(step.id));
    } else if (known == nullptr) {
      RETURN_IF_ERROR(state_->membership.CheckAdd(member));
    } else if (step.type == raft::ConfChangeType::kAddVoter) {
      RETURN_IF_ERROR(state_->membership.CheckPromote(step.id));
    }
  }
  ASSIGN_OR_RETURN(mark_.conf, seams_.change_conf(mark_.conf, change));
  for (const raft::ConfChangeStep& step : change.steps) {
    const MemberInfo* known = state_->membership.Find(step.id);
    if (step.type == raft::ConfChangeType::kRemove) {
      state_->membership.Remove(step.id);
    } else if (known == nullptr) {
      member.is_learner = step.type == raft::ConfChangeType::kAddLearner;
      state_->membership.Put(member);
    } else {
      MemberInfo changed = *known;
      changed.is_learner = step.type == raft::ConfChangeType::kAddLearner;
      state_->membership.Put(std::move(changed));
    }
  }
  batch.outcome.members_changed = true;
  batch.writes.Put(std::string(storage::kMetaMembers), state_->membership.Encode());
  batch.writes.Put(std::string(storage::kMetaConf), wal::EncodeConfState(mark_.conf));
  etcdserverpb::MemberListResponse response;
  for (const auto& [id, info] : state_->membership.members()) ToProto(info, response.add_members());
  std::string out;
  mvcc::AppendLengthDelimited(1, Header(store.revision()), &out);
  return out + response.SerializeAsString();
}

std::string EncodeMemberContext(uint64_t request_id, const MemberInfo& member) {
  std::string out;
  storage::AppendFixed64(request_id, &out);
  etcdserverpb::Member proto;
  ToProto(member, &proto);
  return out + proto.SerializeAsString();
}

}  // namespace etcdlite::apply
