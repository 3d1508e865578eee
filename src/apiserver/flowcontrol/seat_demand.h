// How many seats a priority level wanted lately, for the metrics. Pure, not thread-safe.
//
// Upstream looks every ten seconds at what was wanted in that time: the average, the deviation and the most, and a smoothed
// sum of them that rises at once and falls slowly.
#pragma once
#include "absl/time/time.h"

namespace apiserver::flowcontrol {

class SeatDemand {
 public:
  struct Period {
    double average = 0, deviation = 0, most = 0, smoothed = 0;
  };

  explicit SeatDemand(absl::Time now) : period_start_(now), since_(now) {}
  // From `now` on, `seats` are wanted (those in use and those that are waited for).
  void Set(double seats, absl::Time now);
  // Of the last whole period before `now`.
  const Period& Last(absl::Time now);

 private:
  void Advance(absl::Time now);
  void Add(absl::Time until);  // until: within the period
  void Close();

  Period last_;
  absl::Time period_start_, since_;
  double seats_ = 0;
  double integral_ = 0, square_integral_ = 0, most_ = 0;  // of the period so far, over seconds
};

}  // namespace apiserver::flowcontrol
