// What the metrics tell of the requests of one flow schema at one priority level, under upstream's names. Thread-safe.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apiserver/flowcontrol/seats.h"

namespace base {
class Counter;
class Gauge;
class Histogram;
}  // namespace base

namespace apiserver::flowcontrol {

// Looked up once for a configuration; lives as long as the process.
class FlowSeries {
 public:
  static FlowSeries& Of(absl::string_view schema, absl::string_view level);

  void Estimated(int seats);
  void Queued(int seats, size_t queue_length);
  void LeftQueue(int seats, absl::Duration waited, bool executes);
  void Began(int seats);
  void Ended(int seats, absl::Duration took);
  void Rejected(absl::string_view reason);
  void NeverWaited();

 private:
  FlowSeries(absl::string_view schema, absl::string_view level);

  const std::string schema_, level_;
  base::Gauge *executing_, *executing_seats_, *in_queue_, *in_queue_seats_;
  base::Counter* dispatched_;
  base::Histogram *estimated_, *queue_length_, *waited_, *gave_up_, *took_;
};

// The seats of a level as they are divided.
void TellLimits(absl::string_view level, const LevelSeats& seats);

}  // namespace apiserver::flowcontrol
