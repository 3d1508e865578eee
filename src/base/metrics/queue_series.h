// workqueue_*: what the metrics tell of a queue of work, under upstream's names. Thread-safe.
//
// A key is added (once for any number of times until it is taken), taken, and done; in between it waits, then is worked on.
#pragma once
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace base {

class Counter;
class Gauge;
class Histogram;

class QueueSeries {
 public:
  // Made at first; lives as long as the process. Queues of the same name are told as one.
  static QueueSeries& Of(absl::string_view name);

  // `now`: monotonic.
  void Added(absl::string_view key, absl::Duration now);   // it waits now, or comes again after Done
  void Taken(absl::string_view key, absl::Duration now);
  void Done(absl::string_view key, absl::Duration now);
  void Retried();                                          // it will come again, since it did not work

  struct Running {
    double sum = 0, longest = 0;  // seconds
  };
  Running RunningAt(absl::Duration now) const;  // of the keys that are worked on

 private:
  explicit QueueSeries(absl::string_view name);

  Counter *adds_, *retries_;
  Gauge* depth_;
  Histogram *waited_, *worked_;
  mutable std::mutex mu_;
  absl::flat_hash_map<std::string, absl::Duration> added_, taken_;  // under mu_
};

// A piece of work of a queue that is done where it falls due: taken at once, done with the scope.
class QueuedWork {
 public:
  QueuedWork(QueueSeries& series, absl::string_view key);
  ~QueuedWork();
  QueuedWork(const QueuedWork&) = delete;
  QueuedWork& operator=(const QueuedWork&) = delete;

 private:
  QueueSeries& series_;
  const std::string key_;
};

}  // namespace base
