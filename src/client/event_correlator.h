// Decides what becomes of an event before it is sent: new, a higher count of an earlier one, combined with similar
// ones, or dropped. Upstream's rules and numbers. Pure: time comes in; not thread-safe.
#pragma once
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace client {

struct EventDecision {
  bool drop = false;
  std::string message;  // to show
  int count = 1;
  std::string name;         // of the Event to patch when count > 1
  absl::Time first_seen;
  std::string key;          // for Remember()
};

class EventCorrelator {
 public:
  // `subject` identifies the object (with its field path), `type` Normal or Warning.
  EventDecision Decide(absl::string_view subject, absl::string_view type, absl::string_view reason,
                       absl::string_view message, absl::Time now);
  // The event of this decision exists under `name`.
  void Remember(const EventDecision& decision, const std::string& name);
  void Forget(const std::string& key) { seen_.erase(key); }  // it expired on the server

 private:
  struct Seen {
    int count = 0;
    std::string name;
    absl::Time first, last;
  };
  struct Similar {
    absl::flat_hash_set<std::string> messages;
    absl::Time last;
  };
  struct Bucket {
    double tokens = 0;
    absl::Time at;
  };
  void Shrink(absl::Time now);

  absl::flat_hash_map<std::string, Seen> seen_;
  absl::flat_hash_map<std::string, Similar> similar_;
  absl::flat_hash_map<std::string, Bucket> buckets_;
};

}  // namespace client
