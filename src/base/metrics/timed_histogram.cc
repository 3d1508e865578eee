#include "base/metrics/timed_histogram.h"

#include "absl/time/clock.h"
#include "base/metrics/member_family.h"

namespace base {

template class MemberFamily<TimedHistogram>;

TimedHistogram::TimedHistogram(const std::vector<double>& bounds)
    : bounds_(bounds), nanoseconds_(bounds.size() + 1), since_(absl::Now()) {}

void TimedHistogram::AdvanceLocked(absl::Time now) {
  if (now <= since_) return;
  const double passed = absl::ToDoubleNanoseconds(now - since_);
  since_ = now;
  nanoseconds_[static_cast<size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value_) - bounds_.begin())] += passed;
  sum_ += value_ * passed;
}

void TimedHistogram::Set(double value, absl::Time now) {
  const std::lock_guard lock(mu_);
  AdvanceLocked(now);
  value_ = value;
}

void TimedHistogramFamily::Write(MetricsWriter& writer) const {
  const auto all = All();
  if (all.empty()) return;
  writer.Family(name_, "histogram", help_);
  for (const auto& [values, histogram] : all) {
    const std::vector<absl::string_view> views(values.begin(), values.end());
    const std::lock_guard lock(histogram->mu_);
    histogram->AdvanceLocked(absl::Now());
    writer.Buckets(labels_, views, bounds_, histogram->nanoseconds_, histogram->sum_);
  }
}

}  // namespace base
