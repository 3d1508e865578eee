// What a controller created and deleted but has not yet seen in its informers: acting before that would do it twice.
#pragma once
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace controller_manager {

// By key of the owner. Thread-safe. An expectation that is not met within five minutes (a missed event) is given up.
class Expectations {
 public:
  void ExpectCreations(const std::string& key, int count, absl::Time now);
  void ExpectDeletions(const std::string& key, const std::vector<std::string>& children, absl::Time now);
  void CreationObserved(const std::string& key);
  void DeletionObserved(const std::string& key, const std::string& child);
  bool Satisfied(const std::string& key, absl::Time now) const;
  void Forget(const std::string& key);

 private:
  struct Entry {
    int creations = 0;
    absl::flat_hash_set<std::string> deletions;
    absl::Time since;
  };
  mutable absl::Mutex mu_;
  absl::flat_hash_map<std::string, Entry> entries_ ABSL_GUARDED_BY(mu_);
};

}  // namespace controller_manager
