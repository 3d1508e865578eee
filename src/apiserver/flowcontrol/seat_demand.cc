#include "apiserver/flowcontrol/seat_demand.h"

#include <algorithm>
#include <cmath>

namespace apiserver::flowcontrol {
namespace {

constexpr absl::Duration kPeriod = absl::Seconds(10);
constexpr double kKeep = 0.977;       // of the smoothed sum, each period
constexpr int kManyPeriods = 1000;    // after as many alike, nothing changes any more

}  // namespace

void SeatDemand::Add(absl::Time until) {
  const double seconds = absl::ToDoubleSeconds(until - since_);
  integral_ += seats_ * seconds;
  square_integral_ += seats_ * seats_ * seconds;
  most_ = std::max(most_, seats_);
  since_ = until;
}

void SeatDemand::Close() {
  const double seconds = absl::ToDoubleSeconds(kPeriod);
  last_.average = integral_ / seconds;
  last_.deviation = std::sqrt(std::max(0.0, square_integral_ / seconds - last_.average * last_.average));
  last_.most = most_;
  const double envelope = std::min(last_.most, last_.average + last_.deviation);
  last_.smoothed = std::max(envelope, kKeep * last_.smoothed + (1 - kKeep) * envelope);
  integral_ = square_integral_ = 0;
  most_ = seats_;
  period_start_ = since_;
}

void SeatDemand::Advance(absl::Time now) {
  for (int i = 0; now >= period_start_ + kPeriod; ++i) {
    if (i == kManyPeriods) {
      period_start_ = since_ = now;
      break;
    }
    Add(period_start_ + kPeriod);
    Close();
  }
  if (now > since_) Add(now);
}

void SeatDemand::Set(double seats, absl::Time now) {
  Advance(now);
  seats_ = seats;
  most_ = std::max(most_, seats);
}

const SeatDemand::Period& SeatDemand::Last(absl::Time now) {
  Advance(now);
  return last_;
}

}  // namespace apiserver::flowcontrol
