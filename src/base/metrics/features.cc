#include "base/metrics/features.h"

#include "base/metrics/page.h"

namespace base {
namespace {

struct Feature {
  absl::string_view name, stage;
  bool on;
};
constexpr Feature kFeatures[] = {
#include "base/metrics/features.inc"
};

}  // namespace

void AddFeatures(MetricsPage& page) {
  constexpr absl::string_view kLabels[] = {"name", "stage"};
  MetricsWriter& writer =
      page.Family("kubernetes_feature_enabled", "gauge", "Features of Kubernetes 1.35, by stage, and whether they are on by default.");
  for (const Feature& feature : kFeatures) {
    const absl::string_view labels[] = {feature.name, feature.stage};
    writer.Sample("", kLabels, labels, feature.on ? 1 : 0);
  }
}

}  // namespace base
