#include "base/metrics/queue_series.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/clock.h"
#include "base/metrics/metrics.h"

namespace base {
namespace {

const std::vector<double> kSeconds = {1e-8, 1e-7, 1e-6, 9.999999999999999e-06, 9.999999999999999e-05, 0.001, 0.01, 0.1, 1, 10};

struct Families {
  CounterFamily adds{"workqueue_adds_total", "Keys that were added to the queue.", {"name"}};
  CounterFamily retries{"workqueue_retries_total", "Keys that came again because it had not worked.", {"name"}};
  GaugeFamily depth{"workqueue_depth", "Keys that wait in the queue.", {"name"}};
  HistogramFamily waited{"workqueue_queue_duration_seconds", "Time that keys waited in the queue.", {"name"}, kSeconds};
  HistogramFamily worked{"workqueue_work_duration_seconds", "Time that the work on a key took.", {"name"}, kSeconds};
};
Families& All() {
  static auto* const all = new Families;
  return *all;
}

struct Known {
  std::mutex mu;
  std::map<std::string, QueueSeries*, std::less<>> series;
};
Known& KnownSeries() {
  static auto* const known = new Known;
  return *known;
}

// Told from what runs when somebody looks.
class RunningFamily final : public MetricFamily {
 public:
  RunningFamily(absl::string_view name, absl::string_view help, double QueueSeries::Running::*is)
      : MetricFamily(name, help, {"name"}), is_(is) {}

  void Write(MetricsWriter& writer) const override {
    const absl::Duration now = SystemClock().Monotonic();
    Known& known = KnownSeries();
    const std::lock_guard lock(known.mu);
    if (known.series.empty()) return;
    writer.Family(name_, "gauge", help_);
    for (const auto& [name, series] : known.series) {
      const absl::string_view label[] = {name};
      writer.Sample("", labels_, label, series->RunningAt(now).*is_);
    }
  }

 private:
  double QueueSeries::Running::*const is_;
};

}  // namespace

QueueSeries& QueueSeries::Of(absl::string_view name) {
  struct Computed {
    RunningFamily sum{"workqueue_unfinished_work_seconds", "Time spent on keys whose work has not ended.", &Running::sum};
    RunningFamily longest{"workqueue_longest_running_processor_seconds", "Time spent on the key that is worked on longest.",
                          &Running::longest};
  };
  [[maybe_unused]] static const auto* const computed = new Computed;
  Known& known = KnownSeries();
  const std::lock_guard lock(known.mu);
  const auto found = known.series.find(name);
  if (found != known.series.end()) return *found->second;
  return *known.series.emplace(std::string(name), new QueueSeries(name)).first->second;
}

QueueSeries::QueueSeries(absl::string_view name)
    : adds_(&All().adds.With({name})), retries_(&All().retries.With({name})), depth_(&All().depth.With({name})),
      waited_(&All().waited.With({name})), worked_(&All().worked.With({name})) {}

void QueueSeries::Added(absl::string_view key, absl::Duration now) {
  adds_->Add();
  depth_->Add(1);
  const std::lock_guard lock(mu_);
  added_.try_emplace(key, now);
}

void QueueSeries::Taken(absl::string_view key, absl::Duration now) {
  depth_->Add(-1);
  const std::lock_guard lock(mu_);
  taken_.insert_or_assign(key, now);
  const auto added = added_.find(key);
  if (added == added_.end()) return;
  waited_->Observe(absl::ToDoubleSeconds(now - added->second));
  added_.erase(added);
}

void QueueSeries::Done(absl::string_view key, absl::Duration now) {
  const std::lock_guard lock(mu_);
  const auto taken = taken_.find(key);
  if (taken == taken_.end()) return;
  worked_->Observe(absl::ToDoubleSeconds(now - taken->second));
  taken_.erase(taken);
}

void QueueSeries::Retried() { retries_->Add(); }

QueueSeries::Running QueueSeries::RunningAt(absl::Duration now) const {
  Running running;
  const std::lock_guard lock(mu_);
  for (const auto& [key, since] : taken_) {
    const double seconds = absl::ToDoubleSeconds(now - since);
    running.sum += seconds;
    running.longest = std::max(running.longest, seconds);
  }
  return running;
}

QueuedWork::QueuedWork(QueueSeries& series, absl::string_view key) : series_(series), key_(key) {
  const absl::Duration now = SystemClock().Monotonic();
  series_.Added(key_, now);
  series_.Taken(key_, now);
}

QueuedWork::~QueuedWork() { series_.Done(key_, SystemClock().Monotonic()); }

}  // namespace base
