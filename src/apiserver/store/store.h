// The replicated store as the API server uses it: an etcd v3 cluster (etcd or etcdlite), nothing cached.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace apiserver::store {

struct KeyValue {
  std::string key;
  std::string value;
  int64_t mod_revision = 0;
};

// What a guarded write did. On failure `current` is the present state of the key (none: it does not exist).
struct WriteResult {
  bool done = false;
  int64_t revision = 0;
  std::optional<KeyValue> current;
};

struct Event {
  bool deleted = false;
  KeyValue kv;  // deleted: only key and mod_revision count
};

// Receives one watch, on the watch's own thread.
struct WatchSink {
  // Events of the watch in revision order; all of one revision arrive in one call.
  std::function<void(std::vector<Event> events)> on_events;
  // Everything up to `revision` was delivered.
  std::function<void(int64_t revision)> on_progress;
  // Revisions between the last delivered one and now are compacted away: list again, then watch anew. Last call.
  std::function<void()> on_compacted;
};

class WatchHandle {
 public:
  virtual ~WatchHandle() = default;      // stops, joins
  virtual void RequestProgress() = 0;    // any thread; answered by on_progress
};

// Instead of a page's size: all of it is wanted. Pages are as large as some megabytes let them, and read ahead.
inline constexpr int64_t kWholeRead = 0;

// Blocking and thread-safe. Every call may answer Unavailable (no member reachable in time) or DeadlineExceeded; a
// write that answers so may or may not have happened.
class Store {
 public:
  virtual ~Store() = default;

  virtual absl::StatusOr<std::optional<KeyValue>> Get(absl::string_view key, int64_t* revision = nullptr) = 0;
  // Keys with the prefix at one revision (0: the newest), in order, by pages of `page`. Stops when `each` answers
  // false. `from`, when not empty, is the key to start at. Answers the revision; OutOfRange: compacted.
  virtual absl::StatusOr<int64_t> List(absl::string_view prefix, absl::string_view from, int64_t revision, int64_t page,
                                       absl::FunctionRef<bool(KeyValue kv)> each) = 0;
  virtual absl::StatusOr<int64_t> Count(absl::string_view prefix, absl::string_view from, int64_t revision) = 0;
  // The store's revision, agreed with its quorum after the call began.
  virtual absl::StatusOr<int64_t> Revision() = 0;
  // The same without waiting: `answer` comes once, on a thread of the store that it must not hold up, or never when the
  // member that was asked falls silent. Not repeated elsewhere.
  virtual void AskRevision(std::function<void(absl::StatusOr<int64_t>)> answer) { answer(Revision()); }

  // `lease`, when not 0: the key goes when it runs out.
  virtual absl::StatusOr<WriteResult> Create(absl::string_view key, absl::string_view value, int64_t lease = 0) = 0;
  virtual absl::StatusOr<WriteResult> Update(absl::string_view key, absl::string_view value, int64_t expected,
                                             int64_t lease = 0) = 0;
  virtual absl::StatusOr<WriteResult> Delete(absl::string_view key, int64_t expected) = 0;
  // The value lies there in another form than it would be written in now: an update writes it although nothing changes.
  virtual bool Stale(absl::string_view) const { return false; }
  // Why a value at the key, or at one below it when it ends in '/', can be read by nobody; OK: there is none.
  virtual absl::Status Unreadable(absl::string_view) const { return absl::OkStatus(); }

  // A lease that runs out after `ttl` (whole seconds); answers its id.
  virtual absl::StatusOr<int64_t> GrantLease(absl::Duration ttl) = 0;

  // Reconnects by itself. Delivers what happened after `revision`.
  virtual std::unique_ptr<WatchHandle> Watch(std::string prefix, int64_t revision, WatchSink sink) = 0;

  // Bytes that each member's database takes; none of members that do not answer. Asks all of them.
  virtual std::vector<std::optional<int64_t>> Sizes() { return {}; }

  // Forgets history before what was current at the previous call, agreed between all API servers of the cluster
  // through the key compact_rev_key, as upstream. Both arguments are kept by the caller between calls, 0 at first.
  virtual absl::Status Compact(int64_t* version, int64_t* revision) = 0;
};

struct StoreOptions {
  std::vector<std::string> endpoints;  // "https://10.0.0.1:2379"; tried in turn
  std::string ca_file, cert_file, key_file;
};

absl::StatusOr<std::unique_ptr<Store>> ConnectEtcd(const StoreOptions& options);

}  // namespace apiserver::store
