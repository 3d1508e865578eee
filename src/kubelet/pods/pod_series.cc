#include "kubelet/pods/pod_series.h"

#include <vector>

#include "base/metrics/metrics.h"

namespace kubelet {
namespace {

const std::vector<double> kShort = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
const std::vector<double> kLong = {0.5, 1,  2,  3,  4,   5,   6,   8,   10,  20,  30,  45,
                                   60,  120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600};

struct PodFamilies {
  base::HistogramFamily sync{"kubelet_pod_worker_duration_seconds", "Time that a look at a pod took.", {"operation_type"}, kShort};
  base::HistogramFamily worker{"kubelet_pod_worker_start_duration_seconds", "Time from seeing a pod to working on it.", {}, kShort};
  base::HistogramFamily sandbox{"kubelet_run_podsandbox_duration_seconds", "Time to make a pod's sandbox.", {"runtime_handler"}, kShort};
  base::CounterFamily pods{"kubelet_started_pods_total", "Pods whose sandbox was made, or was tried to.", {}};
  base::CounterFamily pod_errors{"kubelet_started_pods_errors_total", "Sandboxes that could not be made.", {}};
  base::CounterFamily containers{"kubelet_started_containers_total", "Containers that were started, or were tried to.", {"container_type"}};
  base::CounterFamily container_errors{"kubelet_started_containers_errors_total", "Containers that could not be started.",
                                       {"code", "container_type"}};
  base::HistogramFamily start{"kubelet_pod_start_duration_seconds", "Time from seeing a pod to all its containers running.", {}, kLong};
  base::HistogramFamily total{"kubelet_pod_start_total_duration_seconds", "Time from creating a pod to all its containers running.", {},
                              kLong};
  base::CounterFamily evictions{"kubelet_evictions", "Pods that had to go for what they used.", {"eviction_signal"}};
};
PodFamilies& All() {
  static auto* const all = new PodFamilies;
  return *all;
}
// Shown before anything happens.
[[maybe_unused]] const PodFamilies& kFromTheStart = All();

double Seconds(absl::Duration duration) { return absl::ToDoubleSeconds(duration); }

}  // namespace

void CountPodSync(bool ends, absl::Duration took) { All().sync.With({ends ? "terminating" : "sync"}).Observe(Seconds(took)); }

void CountWorkerStart(absl::Duration waited) { All().worker.With({}).Observe(Seconds(waited)); }

void CountSandbox(const absl::Status& made, absl::Duration took) {
  All().pods.With({}).Add();
  All().sandbox.With({""}).Observe(Seconds(took));
  if (!made.ok()) All().pod_errors.With({}).Add();
}

void CountContainerStart(absl::string_view type, const absl::Status& started) {
  All().containers.With({type}).Add();
  if (!started.ok()) All().container_errors.With({"RunContainerError", type}).Add();
}

void CountPodStart(absl::Duration since_seen, absl::Duration since_created) {
  All().start.With({}).Observe(Seconds(since_seen));
  All().total.With({}).Observe(Seconds(since_created));
}

void CountEviction(absl::string_view signal) { All().evictions.With({signal}).Add(); }

}  // namespace kubelet
