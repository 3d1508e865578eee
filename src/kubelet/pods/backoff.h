// Growing delays per key: 10 s, 20 s, ... 300 s, as upstream's for container restarts and image pulls.
#pragma once
#include <map>
#include <string>

#include "absl/time/time.h"

namespace kubelet {

// Pure: time comes in. Not thread-safe.
class Backoff {
 public:
  explicit Backoff(absl::Duration first = absl::Seconds(10), absl::Duration max = absl::Seconds(300))
      : first_(first), max_(max) {}

  // How long after `since` (the failure) `key` has to wait still; zero: it may go on.
  absl::Duration Remaining(const std::string& key, absl::Time since, absl::Time now) const {
    auto found = entries_.find(key);
    if (found == entries_.end() || Expired(found->second, since)) return absl::ZeroDuration();
    const absl::Duration waited = now - since;
    return waited < found->second.delay ? found->second.delay - waited : absl::ZeroDuration();
  }
  absl::Duration Current(const std::string& key) const {
    auto found = entries_.find(key);
    return found == entries_.end() ? first_ : found->second.delay;
  }
  // Counts one more attempt after the failure at `since`. A key that was well for twice the maximum starts over.
  void Next(const std::string& key, absl::Time since, absl::Time now) {
    auto [entry, added] = entries_.try_emplace(key);
    if (added || Expired(entry->second, since)) {
      entry->second.delay = first_;
    } else {
      entry->second.delay = std::min(entry->second.delay * 2, max_);
    }
    entry->second.updated = now;
  }
  void Forget(const std::string& key) { entries_.erase(key); }

 private:
  struct Entry {
    absl::Duration delay;
    absl::Time updated;
  };
  bool Expired(const Entry& entry, absl::Time since) const { return since - entry.updated > max_ * 2; }

  const absl::Duration first_, max_;
  std::map<std::string, Entry> entries_;
};

}  // namespace kubelet
