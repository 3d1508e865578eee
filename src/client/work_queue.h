// Keys waiting for work: each key is worked on by one worker at a time, and once for any number of Adds before that.
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/clock.h"

namespace base {
class QueueSeries;
}

namespace client {

struct WorkQueueOptions {
  absl::Duration first_backoff = absl::Milliseconds(5);  // upstream's item exponential failure limiter
  absl::Duration max_backoff = absl::Seconds(1000);
  const base::Clock* clock = &base::SystemClock();
  std::string name;  // the metrics tell of it by this; "": they do not
};

// Thread-safe. A key added while it is worked on comes again after Done.
class WorkQueue {
 public:
  explicit WorkQueue(WorkQueueOptions options = {});

  void Add(absl::string_view key);
  void AddAfter(absl::string_view key, absl::Duration delay);  // the earliest of several wins
  void AddRateLimited(absl::string_view key);                  // after its own growing delay
  void Forget(absl::string_view key);                          // it worked: the delay starts over
  int Failures(absl::string_view key) const;

  // Waits for a key; nullopt after ShutDown. Call Done(key) afterwards.
  std::optional<std::string> Get();
  // A key that is ready now, without waiting.
  std::optional<std::string> TryGet();
  void Done(absl::string_view key);
  void ShutDown();
  size_t size() const;  // keys that are ready

 private:
  void AddLocked(absl::string_view key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AddAtLocked(absl::string_view key, absl::Duration at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ReleaseDueLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::string TakeLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const WorkQueueOptions options_;
  base::QueueSeries* const series_;  // nullptr: without a name
  mutable absl::Mutex mu_;
  absl::CondVar changed_;
  std::deque<std::string> ready_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<std::string> dirty_ ABSL_GUARDED_BY(mu_);       // in ready_, or to come again
  absl::flat_hash_set<std::string> processing_ ABSL_GUARDED_BY(mu_);  // between Get and Done
  std::multimap<absl::Duration, std::string> delayed_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, absl::Duration> delayed_at_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, int> failures_ ABSL_GUARDED_BY(mu_);
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace client
