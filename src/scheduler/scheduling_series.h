// Attempts to place pods, for the metrics under upstream's names. Thread-safe.
#pragma once
#include <cstddef>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace scheduler {

class SchedulingSeries {
 public:
  static SchedulingSeries& Get();

  void Decided(absl::Duration took);  // filters, scores and choice alone
  // result: scheduled, unschedulable or error; `took` with the binding.
  void Attempted(absl::string_view profile, absl::string_view result, absl::Duration took);
  void Placed(int attempts, absl::Duration since_seen);
  void Bound(absl::string_view profile, bool done, absl::Duration took);  // the binding alone
  void Preempted(size_t victims);  // 0: there was no room to be made

 private:
  SchedulingSeries() = default;
};

}  // namespace scheduler
