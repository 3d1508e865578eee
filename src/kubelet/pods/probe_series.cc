#include "kubelet/pods/probe_series.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/metrics/metrics.h"

namespace kubelet {
namespace {

const std::vector<double> kProbeBounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

struct ProbeCounts {
  ProbedContainer of;
  std::map<std::string, double> results;
  std::vector<double> took = std::vector<double>(kProbeBounds.size() + 1);
  double seconds = 0;
};

struct Book {
  std::mutex mu;
  // By the pod's uid, then by container and probe: a pod's go together.
  std::map<std::string, std::map<std::pair<std::string, std::string>, ProbeCounts>> pods;
};
Book& Counted() {
  static auto* const book = new Book;
  return *book;
}

}  // namespace

void CountProbe(const ProbedContainer& of, absl::string_view probe, absl::string_view result, absl::Duration took) {
  const double seconds = absl::ToDoubleSeconds(took);
  Book& book = Counted();
  const std::lock_guard lock(book.mu);
  ProbeCounts& counts = book.pods[of.pod_uid][{of.container, std::string(probe)}];
  counts.of = of;
  ++counts.results[std::string(result)];
  ++counts.took[static_cast<size_t>(std::lower_bound(kProbeBounds.begin(), kProbeBounds.end(), seconds) - kProbeBounds.begin())];
  counts.seconds += seconds;
}

void ForgetProbes(const std::string& pod_uid) {
  Book& book = Counted();
  const std::lock_guard lock(book.mu);
  book.pods.erase(pod_uid);
}

std::string ProbesText() {
  constexpr absl::string_view kOf[] = {"container", "namespace", "pod", "probe_type"};
  constexpr absl::string_view kOfResult[] = {"container", "namespace", "pod", "pod_uid", "probe_type", "result"};
  base::MetricsWriter duration, total;
  Book& book = Counted();
  const std::lock_guard lock(book.mu);
  if (book.pods.empty()) return "";
  duration.Family("prober_probe_duration_seconds", "histogram", "Time that probes took.");
  total.Family("prober_probe_total", "counter", "Probes of containers, by result.");
  for (const auto& [uid, probes] : book.pods) {
    for (const auto& [key, counts] : probes) {
      const ProbedContainer& of = counts.of;
      const absl::string_view labels[] = {of.container, of.ns, of.pod, key.second};
      duration.Buckets(kOf, labels, kProbeBounds, counts.took, counts.seconds);
      for (const auto& [result, count] : counts.results) {
        const absl::string_view by_result[] = {of.container, of.ns, of.pod, of.pod_uid, key.second, result};
        total.Sample("", kOfResult, by_result, count);
      }
    }
  }
  return duration.Take() + total.Take();
}

}  // namespace kubelet
