// Which leases exist, which keys hang on them, and (on the leader) when they run out.
//
// Grants, revocations and attachments come through the log and are the same on every member. Deadlines are the
// leader's alone: time is an argument, and a new leader gives every lease its full time again (or what the last
// checkpoint says it had left), so a change of leader never ends a lease early. Not thread-safe.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace etcdlite::lease {

using LeaseId = int64_t;

struct LeaseInfo {
  LeaseId id = 0;
  int64_t ttl = 0;            // as granted, seconds
  int64_t remaining = 0;      // at the last checkpoint; 0: none, the full ttl counts
  std::set<std::string> keys;
  absl::Duration deadline;    // leader only
  absl::Duration checkpoint_at;  // leader only
};

class Lessor {
 public:
  // FailedPrecondition: exists already.
  absl::Status Grant(LeaseId id, int64_t ttl, int64_t remaining, absl::Duration now);
  // The keys that hung on it. NotFound: no such lease.
  absl::StatusOr<std::vector<std::string>> Revoke(LeaseId id);
  void Checkpoint(LeaseId id, int64_t remaining, absl::Duration now);
  void Attach(LeaseId id, const std::string& key);  // unknown leases are ignored
  void Detach(LeaseId id, const std::string& key);

  bool Exists(LeaseId id) const { return leases_.contains(id); }
  const LeaseInfo* Find(LeaseId id) const;
  // Seconds left; -1: no such lease or run out. Only a leader knows.
  absl::Duration Remaining(LeaseId id, absl::Duration now) const;
  std::vector<LeaseId> List() const;  // those that run out first come first
  size_t size() const { return leases_.size(); }

  // Leadership starts or ends here. `grace` is added once: keep-alives were lost during the change.
  void Promote(absl::Duration now, absl::Duration grace);
  void Demote();
  bool primary() const { return primary_; }

  // Leader: starts a lease's time anew. nullopt: unknown or run out.
  // *reset_checkpoint: others still believe in an older remaining time; replicate 0.
  std::optional<int64_t> Renew(LeaseId id, absl::Duration now, bool* reset_checkpoint);
  // Leader: leases that ran out, at most `max`. Each is offered again after a few seconds until it is revoked.
  std::vector<LeaseId> TakeExpired(absl::Duration now, size_t max);
  struct Due {
    LeaseId id;
    int64_t remaining;
  };
  // Leader: long leases whose remaining time should be replicated now.
  std::vector<Due> TakeCheckpoints(absl::Duration now, size_t max);

 private:
  void Schedule(LeaseInfo& lease, absl::Duration now, absl::Duration length);
  void Unschedule(const LeaseInfo& lease);

  absl::flat_hash_map<LeaseId, LeaseInfo> leases_;
  std::set<std::pair<absl::Duration, LeaseId>> deadlines_;    // leader only
  std::set<std::pair<absl::Duration, LeaseId>> checkpoints_;  // leader only
  bool primary_ = false;
};

}  // namespace etcdlite::lease
