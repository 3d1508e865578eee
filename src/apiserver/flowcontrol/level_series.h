// What the metrics tell of a priority level as a whole, and of reads and writes over all levels: how full they were over
// time, and what they wanted. Upstream's names. Thread-safe.
#pragma once
#include <mutex>
#include <string>

#include "absl/base/call_once.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apiserver/flowcontrol/fair_queues.h"
#include "apiserver/flowcontrol/flow_config.h"
#include "apiserver/flowcontrol/seat_demand.h"
#include "apiserver/flowcontrol/seats.h"

namespace base {
class Gauge;
class TimedHistogram;
}  // namespace base

namespace apiserver::flowcontrol {

// What a request adds to a level when it comes, begins or leaves; negative: takes away.
struct Load {
  int waiting = 0, executing = 0;              // requests
  int seats_waiting = 0, seats_executing = 0;
};

// Looked up once for a configuration; lives as long as the process.
class LevelSeries {
 public:
  static LevelSeries& Of(absl::string_view level);

  // The seats of the level as they are divided, out of `total` of the server.
  void Configure(const PriorityLevel& level, const LevelSeats& seats, int total);
  void Change(const Load& load);
  void Dispatched(const FairQueues::Progress& progress);  // something was let go, perhaps at once

 private:
  friend class LevelFamily;
  explicit LevelSeries(absl::string_view level);

  const std::string level_;
  base::TimedHistogram *requests_executing_, *requests_waiting_, *seats_executing_, *demand_;
  struct Progress {
    base::Gauge *dispatched, *latest, *next_first, *next_last, *least_first, *least_last;
  };
  base::Gauge* now_;
  absl::once_flag dispatched_once_;
  Progress progress_{};  // looked up when something is let go first
  std::mutex mu_;
  Load load_;
  LevelSeats seats_;
  int total_ = 0, places_ = 0;  // places: for waiting requests
  bool exempt_ = false;
  SeatDemand wanted_;
};

// Reads or writes, over all levels.
class KindSeries {
 public:
  static KindSeries& Of(bool writes);
  void Change(const Load& load, int total_seats);

 private:
  explicit KindSeries(absl::string_view kind);

  base::TimedHistogram *executing_, *waiting_;
  base::Gauge* in_queue_;
  std::mutex mu_;
  Load load_;
};

}  // namespace apiserver::flowcontrol
