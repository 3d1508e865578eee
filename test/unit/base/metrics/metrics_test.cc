#include "base/metrics/metrics.h"

#include <gtest/gtest.h>

namespace base {
namespace {

std::string Text(const MetricFamily& family) {
  MetricsWriter writer;
  family.Write(writer);
  return writer.Take();
}

TEST(MetricsTest, CountersComeOutByTheirLabels) {
  CounterFamily family("test_requests_total", "Requests.", {"code", "verb"});
  EXPECT_EQ(Text(family), "");
  family.With({"404", "GET"}).Add();
  family.With({"200", "GET"}).Add(2);
  family.With({"200", "GET"}).Add();
  EXPECT_EQ(Text(family),
            "# HELP test_requests_total Requests.\n# TYPE test_requests_total counter\n"
            "test_requests_total{code=\"200\",verb=\"GET\"} 3\ntest_requests_total{code=\"404\",verb=\"GET\"} 1\n");
}

TEST(MetricsTest, BucketsOfHistogramsAddUp) {
  HistogramFamily family("test_seconds", "Time.", {}, {0.5, 1});
  for (const double value : {0.25, 0.5, 0.75, 4.0}) family.With(Labels()).Observe(value);
  EXPECT_EQ(Text(family),
            "# HELP test_seconds Time.\n# TYPE test_seconds histogram\ntest_seconds_bucket{le=\"0.5\"} 2\n"
            "test_seconds_bucket{le=\"1\"} 3\ntest_seconds_bucket{le=\"+Inf\"} 4\ntest_seconds_sum 5.5\n"
            "test_seconds_count 4\n");
}

TEST(MetricsTest, ValuesOfLabelsAreEscaped) {
  GaugeFamily family("test_gauge", "A gauge.", {"name"});
  family.With({"a\"b\\c\nd"}).Set(-1);
  EXPECT_EQ(Text(family),
            "# HELP test_gauge A gauge.\n# TYPE test_gauge gauge\ntest_gauge{name=\"a\\\"b\\\\c\\nd\"} -1\n");
}

}  // namespace
}  // namespace base
