#include "etcdlite/lease/lessor.h"

#include "absl/status/statusor.h"

namespace etcdlite::lease {
namespace {

constexpr absl::Duration kOfferAgain = absl::Seconds(3);      // a revocation may be lost
constexpr absl::Duration kCheckpointEvery = absl::Minutes(5);  // only leases longer than this need checkpoints

}  // namespace

void Lessor::Schedule(LeaseInfo& lease, absl::Duration now, absl::Duration length) {
  Unschedule(lease);
  lease.deadline = now + length;
  deadlines_.insert({lease.deadline, lease.id});
  if (length > kCheckpointEvery) {
    lease.checkpoint_at = now + kCheckpointEvery;
    checkpoints_.insert({lease.checkpoint_at, lease.id});
  }
}

void Lessor::Unschedule(const LeaseInfo& lease) {
  deadlines_.erase({lease.deadline, lease.id});
  checkpoints_.erase({lease.checkpoint_at, lease.id});
}

absl::Status Lessor::Grant(LeaseId id, int64_t ttl, int64_t remaining, absl::Duration now) {
  const auto [it, added] = leases_.try_emplace(id);
  if (!added) return absl::FailedPreconditionError("etcdserver: lease already exists");
  it->second.id = id;
  it->second.ttl = ttl;
  it->second.remaining = remaining;
  if (primary_) Schedule(it->second, now, absl::Seconds(ttl));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> Lessor::Revoke(LeaseId id) {
  const auto found = leases_.find(id);
  if (found == leases_.end()) return absl::NotFoundError("etcdserver: requested lease not found");
  Unschedule(found->second);
  std::vector<std::string> keys(found->second.keys.begin(), found->second.keys.end());
  leases_.erase(found);
  return keys;
}

void Lessor::Checkpoint(LeaseId id, int64_t remaining, absl::Duration now) {
  const auto found = leases_.find(id);
  if (found == leases_.end()) return;
  found->second.remaining = remaining;
  if (primary_ && remaining > 0) Schedule(found->second, now, absl::Seconds(remaining));
}

void Lessor::Attach(LeaseId id, const std::string& key) {
  const auto found = leases_.find(id);
  if (found != leases_.end()) found->second.keys.insert(key);
}

void Lessor::Detach(LeaseId id, const std::string& key) {
  const auto found = leases_.find(id);
  if (found != leases_.end()) found->second.keys.erase(key);
}

const LeaseInfo* Lessor::Find(LeaseId id) const {
  const auto found = leases_.find(id);
  return found == leases_.end() ? nullptr : &found->second;
}

absl::Duration Lessor::Remaining(LeaseId id, absl::Duration now) const {
  const LeaseInfo* lease = Find(id);
  if (lease == nullptr) return absl::Seconds(-1);
  if (!primary_) return absl::Seconds(lease->remaining > 0 ? lease->remaining : lease->ttl);
  return lease->deadline > now ? lease->deadline - now : absl::Seconds(-1);
}

std::vector<LeaseId> Lessor::List() const {
  std::vector<std::pair<absl::Duration, LeaseId>> sorted;
  for (const auto& [id, lease] : leases_) sorted.push_back({lease.deadline, id});
  std::sort(sorted.begin(), sorted.end());
  std::vector<LeaseId> ids;
  for (const auto& [deadline, id] : sorted) ids.push_back(id);
  return ids;
}

void Lessor::Promote(absl::Duration now, absl::Duration grace) {
  primary_ = true;
  for (auto& [id, lease] : leases_) {
    Schedule(lease, now, absl::Seconds(lease.remaining > 0 ? lease.remaining : lease.ttl) + grace);
  }
}

void Lessor::Demote() {
  primary_ = false;
  deadlines_.clear();
  checkpoints_.clear();
  for (auto& [id, lease] : leases_) lease.deadline = lease.checkpoint_at = absl::ZeroDuration();
}

std::optional<int64_t> Lessor::Renew(LeaseId id, absl::Duration now, bool* reset_checkpoint) {
  const auto found = leases_.find(id);
  if (!primary_ || found == leases_.end()) return std::nullopt;
  LeaseInfo& lease = found->second;
  if (lease.deadline <= now) return std::nullopt;  // being revoked: too late
  *reset_checkpoint = lease.remaining > 0;
  Schedule(lease, now, absl::Seconds(lease.ttl));
  return lease.ttl;
}

std::vector<LeaseId> Lessor::TakeExpired(absl::Duration now, size_t max) {
  std::vector<LeaseId> expired;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now && expired.size() < max) {
    const LeaseId id = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    const auto found = leases_.find(id);
    if (found == leases_.end() || found->second.deadline > now) continue;  // an old offer, outlived
    expired.push_back(id);
  }
  // The lease's own deadline stays in the past, so it cannot be renewed; only the offer moves.
  for (const LeaseId id : expired) deadlines_.insert({now + kOfferAgain, id});
  return expired;
}

std::vector<Lessor::Due> Lessor::TakeCheckpoints(absl::Duration now, size_t max) {
  std::vector<Due> due;
  while (!checkpoints_.empty() && checkpoints_.begin()->first <= now && due.size() < max) {
    const LeaseId id = checkpoints_.begin()->second;
    checkpoints_.erase(checkpoints_.begin());
    const auto found = leases_.find(id);
    if (found == leases_.end() || found->second.deadline <= now) continue;
    due.push_back({id, absl::ToInt64Seconds(found->second.deadline - now)});
  }
  return due;
}

}  // namespace etcdlite::lease
