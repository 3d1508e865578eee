// The text of /metrics: families that were counted and those that are only known now, in one order. Not thread-safe.
#pragma once
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "base/metrics/metrics.h"

namespace base {

class MetricsPage {
 public:
  // A family of one sample.
  void Add(absl::string_view name, absl::string_view type, absl::string_view help, double value);
  // A family whose samples follow. The writer lives as long as the page.
  MetricsWriter& Family(absl::string_view name, absl::string_view type, absl::string_view help);
  // All of these and all of AllMetrics(), by name; and how many that are.
  std::string Text();

 private:
  std::map<std::string, std::string> texts_;
  std::map<std::string, MetricsWriter> open_;
};

void AddBuild(MetricsPage& page);  // kubernetes_build_info
// What every daemon shows: process_* (processor time, memory, files, network of this process), go_* (runtime.h), the version
// and the features of the release.
void AddDaemon(MetricsPage& page);

}  // namespace base
