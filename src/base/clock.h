// Time as an argument: cores take a Clock or a time, only shells own a real one.
#pragma once
#include <atomic>
#include <cstdint>

#include "absl/time/time.h"

namespace base {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;            // wall time, to show and to store
  virtual absl::Duration Monotonic() const = 0;  // since an unspecified start, to measure
};

// The system's clocks. Never destroyed.
const Clock& SystemClock();

// Moves only when told to. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time start = absl::FromUnixSeconds(1700000000));
  absl::Time Now() const override;
  absl::Duration Monotonic() const override;
  void Advance(absl::Duration by);

 private:
  const int64_t start_nanos_;
  std::atomic<int64_t> elapsed_nanos_{0};
};

}  // namespace base
