#include "scheduler/scheduling_series.h"

#include "absl/strings/str_cat.h"
#include "base/metrics/metrics.h"

namespace scheduler {
namespace {

std::vector<double> Doubling(double first, int count, double factor = 2) {
  std::vector<double> bounds;
  for (double bound = first; static_cast<int>(bounds.size()) < count; bound *= factor) bounds.push_back(bound);
  return bounds;
}

struct Families {
  base::CounterFamily attempts{"scheduler_schedule_attempts_total", "Attempts to schedule pods, by result.", {"profile", "result"}};
  base::HistogramFamily took{"scheduler_scheduling_attempt_duration_seconds", "Time of attempts, with the binding.",
                             {"profile", "result"}, Doubling(0.001, 15)};
  base::HistogramFamily decided{"scheduler_scheduling_algorithm_duration_seconds", "Time to choose a node.", {}, Doubling(0.001, 15)};
  base::HistogramFamily tries{"scheduler_pod_scheduling_attempts", "Attempts that it took to place pods.", {}, {1, 2, 4, 8, 16}};
  base::HistogramFamily sli{"scheduler_pod_scheduling_sli_duration_seconds", "Time from a pod's first sight to its binding.",
                            {"attempts"}, Doubling(0.01, 20)};
  base::HistogramFamily points{"scheduler_framework_extension_point_duration_seconds", "Time of a step of scheduling.",
                               {"extension_point", "profile", "status"}, Doubling(0.0001, 12)};
  base::CounterFamily preemptions{"scheduler_preemption_attempts_total", "Attempts to make room by preemption.", {}};
  base::HistogramFamily victims{"scheduler_preemption_victims", "Pods that had to make room, by preemption.", {}, Doubling(1, 7)};
};
Families& All() {
  static auto* const all = new Families;
  return *all;
}

}  // namespace

SchedulingSeries& SchedulingSeries::Get() {
  All();
  static auto* const series = new SchedulingSeries;
  return *series;
}

void SchedulingSeries::Decided(absl::Duration took) { All().decided.With(base::Labels()).Observe(absl::ToDoubleSeconds(took)); }

void SchedulingSeries::Attempted(absl::string_view profile, absl::string_view result, absl::Duration took) {
  All().attempts.With({profile, result}).Add();
  All().took.With({profile, result}).Observe(absl::ToDoubleSeconds(took));
}

void SchedulingSeries::Placed(int attempts, absl::Duration since_seen) {
  All().tries.With(base::Labels()).Observe(attempts);
  // As many as upstream tells apart.
  const std::string count = attempts >= 15 ? "15+" : absl::StrCat(attempts);
  All().sli.With({count}).Observe(absl::ToDoubleSeconds(since_seen));
}

void SchedulingSeries::Bound(absl::string_view profile, bool done, absl::Duration took) {
  All().points.With({"Bind", profile, done ? "Success" : "Error"}).Observe(absl::ToDoubleSeconds(took));
}

void SchedulingSeries::Preempted(size_t victims) {
  All().preemptions.With({}).Add();
  if (victims > 0) All().victims.With(base::Labels()).Observe(static_cast<double>(victims));
}

}  // namespace scheduler
