// Requests in the log that somebody on this member waits for, by id.
#pragma once
#include <cstdint>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace etcdlite::node {

// Thread-safe. Callbacks run outside the lock, each exactly once.
class PendingRequests {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  PendingRequests(uint64_t member_id, absl::Time started);
  // Unique over all members and restarts: low 16 bits of the member, milliseconds of the start, a counter.
  uint64_t NextId();
  uint64_t Add(Done done, absl::Duration timeout);
  bool Has(uint64_t id) const;
  size_t size() const;
  void Finish(uint64_t id, absl::StatusOr<std::string> response);  // unknown ids are ignored
  void FailExpired(const absl::Status& status);
  void FailAddedBefore(absl::Duration when, const absl::Status& status);  // by the monotonic clock
  void FailAll(const absl::Status& status);

 private:
  struct Waiting {
    Done done;
    absl::Duration added, deadline;
  };
  template <typename Condition>
  void FailIf(Condition condition, const absl::Status& status);

  mutable std::mutex mu_;
  uint64_t next_id_;
  const uint64_t prefix_;
  absl::flat_hash_map<uint64_t, Waiting> waiting_;
};

}  // namespace etcdlite::node
