// A histogram of a level over time: every nanosecond counts once, in the bucket of the value that held then. It tells how
// long something was how full, however short the peaks and however rarely somebody looks. Thread-safe.
#pragma once
#include <mutex>
#include <vector>

#include "absl/time/time.h"
#include "base/metrics/metrics.h"

namespace base {

class TimedHistogram {
 public:
  explicit TimedHistogram(const std::vector<double>& bounds);
  // From `now` on, `value` holds. A `now` before the last one counts as that.
  void Set(double value, absl::Time now);

 private:
  friend class TimedHistogramFamily;
  void AdvanceLocked(absl::Time now);

  const std::vector<double>& bounds_;  // the family's
  std::mutex mu_;
  std::vector<double> nanoseconds_;  // by bucket
  double sum_ = 0, value_ = 0;
  absl::Time since_;
};

class TimedHistogramFamily final : public MemberFamily<TimedHistogram> {
 public:
  TimedHistogramFamily(absl::string_view name, absl::string_view help, std::vector<absl::string_view> labels,
                       std::vector<double> bounds)
      : MemberFamily(name, help, std::move(labels)), bounds_(std::move(bounds)) {}
  void Write(MetricsWriter& writer) const override;

 protected:
  std::unique_ptr<TimedHistogram> Make() const override { return std::make_unique<TimedHistogram>(bounds_); }

 private:
  const std::vector<double> bounds_;
};

extern template class MemberFamily<TimedHistogram>;

}  // namespace base
