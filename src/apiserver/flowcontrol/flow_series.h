// What the metrics tell of the requests of one flow schema at one priority level, under upstream's names. Thread-safe.
#pragma once
#include <string>

#include "absl/base/call_once.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apiserver/flowcontrol/level_series.h"

namespace base {
class Counter;
class Gauge;
class Histogram;
}  // namespace base

namespace apiserver::flowcontrol {

// What the metrics want to know of a request.
struct FlowRequest {
  int seats = 1;
  bool writes = false, watches = false;
  int total_seats = 0;  // of the server
};

// Looked up once for a configuration; lives as long as the process.
class FlowSeries {
 public:
  static FlowSeries& Of(absl::string_view schema, absl::string_view level);

  void Estimated(int seats);
  void Watched(size_t watchers);  // by how many a write's resource is watched
  void Refused();                 // there is no seat at once
  void Queued(const FlowRequest& request, size_t queue_length);
  void LeftQueue(const FlowRequest& request, absl::Duration waited, bool executes);
  void Began(const FlowRequest& request);
  void Ended(const FlowRequest& request, absl::Duration took);
  void Rejected(absl::string_view reason);
  void NeverWaited(const FairQueues::Progress& progress);  // it went through its queue at once
  void Dispatched(const FairQueues::Progress& progress) { whole_.Dispatched(progress); }

 private:
  FlowSeries(absl::string_view schema, absl::string_view level);

  const std::string schema_, level_;
  // Of what waits: looked up at the first request that is not exempt.
  struct Queueing {
    base::Gauge *requests, *seats;
    base::Histogram *length, *waited;
  };
  const Queueing& InQueue();

  base::Gauge *executing_, *executing_seats_;
  base::Counter* dispatched_;
  base::Histogram *estimated_, *took_;
  absl::once_flag queued_once_;
  Queueing queueing_{};
  LevelSeries& whole_;
};

}  // namespace apiserver::flowcontrol
