#include "base/clock.h"

#include <time.h>

#include "absl/time/clock.h"

namespace base {
namespace {

class RealClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  absl::Duration Monotonic() const override {
    timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return absl::DurationFromTimespec(ts);
  }
};

}  // namespace

const Clock& SystemClock() {
  static const RealClock* const clock = new RealClock;
  return *clock;
}

FakeClock::FakeClock(absl::Time start) : start_nanos_(absl::ToUnixNanos(start)) {}
absl::Time FakeClock::Now() const { return absl::FromUnixNanos(start_nanos_ + elapsed_nanos_); }
absl::Duration FakeClock::Monotonic() const { return absl::Nanoseconds(elapsed_nanos_.load()); }
void FakeClock::Advance(absl::Duration by) { elapsed_nanos_ += absl::ToInt64Nanoseconds(by); }

}  // namespace base
