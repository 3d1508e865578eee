#include "etcdlite/apply/state.h"

#include "base/status_macros.h"
#include "etcdlite/storage/byte_codec.h"
#include "etcdlite/storage/key_layout.h"
#include "etcdlite/wal/wal_frame.h"

namespace etcdlite::apply {
namespace {

// An absent fact is an empty string; only damage is an error.
absl::StatusOr<std::string> ReadFact(const storage::KvEngine& engine, absl::string_view key) {
  absl::StatusOr<std::string> value = engine.Get(key);
  if (absl::IsNotFound(value.status())) return std::string();
  return value;
}

absl::Status LoadLeases(const storage::KvEngine& engine, lease::Lessor* lessor) {
  const std::string from(1, storage::kLeaseSpace), to(1, storage::kLeaseSpace + 1);
  const auto it = engine.Scan(from, to);
  for (; it->Valid(); it->Next()) {
    storage::ByteReader in(it->value());
    const int64_t ttl = static_cast<int64_t>(in.Varint());
    const int64_t remaining = static_cast<int64_t>(in.Varint());
    if (it->key().size() != 9 || !in.ok()) return absl::DataLossError("backend: a lease does not parse");
    const auto id = static_cast<lease::LeaseId>(storage::LoadBig64(it->key().data() + 1));
    RETURN_IF_ERROR(lessor->Grant(id, ttl, remaining, absl::ZeroDuration()));
  }
  return it->status();
}

}  // namespace

std::string EncodeApplied(uint64_t index, uint64_t term) {
  std::string out;
  storage::AppendFixed64(index, &out);
  storage::AppendFixed64(term, &out);
  return out;
}

std::string EncodeAlarms(const Alarms& alarms) {
  std::string out;
  for (const auto& [member, kind] : alarms) {
    storage::AppendFixed64(member, &out);
    out.push_back(static_cast<char>(kind));
  }
  return out;
}

std::string LeaseKey(lease::LeaseId id) {
  std::string key(1, storage::kLeaseSpace);
  storage::AppendBig64(static_cast<uint64_t>(id), &key);
  return key;
}

std::string EncodeLease(int64_t ttl, int64_t remaining) {
  std::string out;
  storage::AppendVarint(static_cast<uint64_t>(ttl), &out);
  storage::AppendVarint(static_cast<uint64_t>(remaining), &out);
  return out;
}

absl::StatusOr<AppliedMark> LoadState(std::shared_ptr<storage::KvEngine> engine, State* state) {
  AppliedMark mark;
  ASSIGN_OR_RETURN(const std::string applied, ReadFact(*engine, storage::kMetaApplied));
  storage::ByteReader in(applied);
  if (!applied.empty()) {
    mark.index = in.Fixed64();
    mark.term = in.Fixed64();
  }
  ASSIGN_OR_RETURN(const std::string conf, ReadFact(*engine, storage::kMetaConf));
  if (!in.ok() || (!conf.empty() && !wal::DecodeConfState(conf, &mark.conf))) {
    return absl::DataLossError("backend: the applied index or configuration does not parse");
  }
  ASSIGN_OR_RETURN(const std::string alarms, ReadFact(*engine, storage::kMetaAlarms));
  ASSIGN_OR_RETURN(const std::string members, ReadFact(*engine, storage::kMetaMembers));
  ASSIGN_OR_RETURN(const std::string auth, ReadFact(*engine, storage::kMetaAuth));

  lease::Lessor lessor;
  RETURN_IF_ERROR(LoadLeases(*engine, &lessor));
  auto store = std::make_unique<mvcc::Store>(engine);
  RETURN_IF_ERROR(store->Load([&](int64_t lease, const std::string& key) { lessor.Attach(lease, key); }));

  std::lock_guard<std::mutex> lock(state->mu);
  state->lessor = std::move(lessor);
  state->alarms.clear();
  for (storage::ByteReader each(alarms); !each.done();) {
    const uint64_t member = each.Fixed64();
    const absl::string_view kind = each.Take(1);
    if (!each.ok()) return absl::DataLossError("backend: alarms do not parse");
    state->alarms.insert({member, static_cast<AlarmKind>(kind[0])});
  }
  if (!members.empty()) RETURN_IF_ERROR(state->membership.Decode(members));
  RETURN_IF_ERROR(state->auth.Decode(auth));
  if (state->store == nullptr) {
    state->store = std::make_unique<mvcc::SharedStore>(std::move(store));
  } else {
    state->store->Replace(std::move(store));
  }
  return mark;
}

absl::Status Bootstrap(storage::KvEngine& engine, const Membership& membership, const raft::SnapshotMark& mark) {
  storage::WriteBatch batch;
  batch.Put(std::string(storage::kMetaApplied), EncodeApplied(mark.index, mark.term));
  batch.Put(std::string(storage::kMetaConf), wal::EncodeConfState(mark.conf));
  batch.Put(std::string(storage::kMetaMembers), membership.Encode());
  RETURN_IF_ERROR(engine.Write(batch));
  return engine.Sync();
}

}  // namespace etcdlite::apply
