// Everything log entries change, with its locks: what a member serves from and what a snapshot carries.
#pragma once
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "etcdlite/apply/membership.h"
#include "etcdlite/auth/auth_store.h"
#include "etcdlite/lease/lessor.h"
#include "etcdlite/mvcc/shared_store.h"
#include "etcdlite/raft/raft_types.h"

namespace etcdlite::apply {

enum class AlarmKind : int { kNoSpace = 1, kCorrupt = 2 };  // numbers of etcdserverpb.AlarmType
using Alarms = std::set<std::pair<uint64_t, AlarmKind>>;     // (member, kind)

// Small facts share one lock; the store has its own. Lock order: `mu` before the store's.
struct State {
  std::unique_ptr<mvcc::SharedStore> store;
  mutable std::mutex mu;
  lease::Lessor lessor;       // guarded by mu
  Membership membership;      // guarded by mu
  Alarms alarms;              // guarded by mu
  auth::AuthStore auth;       // guarded by mu
};

// How far the engine has come.
struct AppliedMark {
  uint64_t index = 0;
  uint64_t term = 0;
  raft::ConfState conf;
};

// Loads a state from an engine; an empty engine gives an empty state and a zero mark. DataLoss: damaged.
absl::StatusOr<AppliedMark> LoadState(std::shared_ptr<storage::KvEngine> engine, State* state);

// Writes the beginning of a new cluster into an empty engine: its members, all voting, at index 1 and term 1.
// The same bytes on every first member.
absl::Status Bootstrap(storage::KvEngine& engine, const Membership& membership, const raft::SnapshotMark& mark);

// Keys and values of the small facts.
std::string EncodeApplied(uint64_t index, uint64_t term);
std::string EncodeAlarms(const Alarms& alarms);
std::string LeaseKey(lease::LeaseId id);
std::string EncodeLease(int64_t ttl, int64_t remaining);

}  // namespace etcdlite::apply
