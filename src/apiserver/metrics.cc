#include "apiserver/metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "apiserver/cache/event.h"

namespace apiserver {
namespace {

void Add(absl::string_view name, absl::string_view type, absl::string_view help, double value, std::string* out) {
  absl::StrAppend(out, "# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n", name, " ", value, "\n");
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0, resident = 0;
  statm >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

std::string MetricsText(const cache::Cache& cache) {
  std::string out;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  Add("process_cpu_seconds_total", "counter", "Processor time spent.", seconds(usage.ru_utime) + seconds(usage.ru_stime),
      &out);
  Add("process_resident_memory_bytes", "gauge", "Memory in use.", ResidentBytes(), &out);
  Add("skiff_watch_cache_revision", "gauge", "Store revision that the watch cache shows.",
      static_cast<double>(cache.revision()), &out);
  Add("apiserver_longrunning_requests", "gauge", "Watches being served.", static_cast<double>(cache.watchers()), &out);
  const cache::FrameCounters frames = cache::FrameCounts();
  Add("skiff_watch_frames_encoded_total", "counter", "Watch frames made.", static_cast<double>(frames.encoded), &out);
  Add("skiff_watch_frames_served_total", "counter", "Watch frames handed to watchers.",
      static_cast<double>(frames.served), &out);
  return out;
}

}  // namespace apiserver
