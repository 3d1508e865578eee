#include "base/metrics/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/metrics/summary.h"
#include "base/metrics/timed_histogram.h"

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
            "# HELP test_requests_total [ALPHA] Requests.\n# TYPE test_requests_total counter\n"
            "test_requests_total{code=\"200\",verb=\"GET\"} 3\ntest_requests_total{code=\"404\",verb=\"GET\"} 1\n");
}

TEST(MetricsTest, BucketsOfHistogramsAddUp) {
  HistogramFamily family("test_seconds", "Time.", {}, {0.5, 1});
  for (const double value : {0.25, 0.5, 0.75, 4.0}) family.With(Labels()).Observe(value);
  EXPECT_EQ(Text(family),
            "# HELP test_seconds [ALPHA] Time.\n# TYPE test_seconds histogram\ntest_seconds_bucket{le=\"0.5\"} 2\n"
            "test_seconds_bucket{le=\"1\"} 3\ntest_seconds_bucket{le=\"+Inf\"} 4\ntest_seconds_sum 5.5\n"
            "test_seconds_count 4\n");
}

TEST(MetricsTest, ValuesOfLabelsAreEscaped) {
  GaugeFamily family("test_gauge", "A gauge.", {"name"});
  family.With({"a\"b\\c\nd"}).Set(-1);
  EXPECT_EQ(Text(family),
            "# HELP test_gauge [ALPHA] A gauge.\n# TYPE test_gauge gauge\ntest_gauge{name=\"a\\\"b\\\\c\\nd\"} -1\n");
}

TEST(MetricsTest, NumbersAreWrittenAsGoWritesThem) {
  const std::pair<double, const char*> cases[] = {{0, "0"},         {999999, "999999"}, {1e6, "1e+06"}, {1048572, "1.048572e+06"},
                                                  {0.0001, "0.0001"}, {1e-5, "1e-05"},    {0.1, "0.1"},   {-2.5, "-2.5"}};
  for (const auto& [value, text] : cases) {
    MetricsWriter writer;
    writer.Sample(value);
    EXPECT_EQ(writer.Take(), absl::StrCat(" ", text, "\n"));
  }
}

TEST(MetricsTest, AFamilyWithoutLabelsIsShownBeforeAnythingHappens) {
  CounterFamily family("test_failures_total", "Failures.", {});
  EXPECT_EQ(Text(family), "# HELP test_failures_total [ALPHA] Failures.\n# TYPE test_failures_total counter\ntest_failures_total 0\n");
}

TEST(SummaryTest, QuantilesAreWithinAFewPercent) {
  Summary summary;
  const absl::Time now = absl::FromUnixSeconds(1'000'000);
  EXPECT_TRUE(std::isnan(summary.Quantile(0.5, now)));
  for (int i = 1; i <= 1000; ++i) summary.Observe(i / 1000.0, now);
  EXPECT_NEAR(summary.Quantile(0.5, now), 0.5, 0.03);
  EXPECT_NEAR(summary.Quantile(0.99, now), 0.99, 0.06);
  EXPECT_EQ(summary.count(), 1000);
}

TEST(SummaryTest, WhatIsHoursOldIsForgotten) {
  Summary summary;
  const absl::Time then = absl::FromUnixSeconds(1'000'000);
  summary.Observe(10, then);
  summary.Observe(0.01, then + absl::Hours(4));
  EXPECT_NEAR(summary.Quantile(0.9, then + absl::Hours(4)), 10, 0.5);
  EXPECT_NEAR(summary.Quantile(0.9, then + absl::Hours(6)), 0.01, 0.001);
  EXPECT_EQ(summary.count(), 2);  // of all time
}

TEST(TimedHistogramTest, EveryNanosecondCountsInTheBucketOfItsValue) {
  TimedHistogramFamily family("test_fill", "Fill.", {"what"}, {0.5, 1});
  TimedHistogram& fill = family.With({"x"});
  const absl::Time start = absl::Now() + absl::Hours(1);  // behind what the family's own clock says
  fill.Set(0.25, start);
  const auto count = [&](absl::string_view bound) {
    for (const std::string& line : std::vector<std::string>(absl::StrSplit(Text(family), '\n'))) {
      double value = 0;
      if (absl::StrContains(line, absl::StrCat("le=\"", bound, "\"")) && absl::SimpleAtod(line.substr(line.rfind(' ') + 1), &value)) return value;
    }
    return -1.0;
  };
  const double low = count("0.5"), middle = count("1"), all = count("+Inf");
  fill.Set(0.75, start + absl::Nanoseconds(100));
  fill.Set(3, start + absl::Nanoseconds(150));
  fill.Set(0, start + absl::Nanoseconds(157));
  EXPECT_EQ(count("0.5") - low, 100);
  EXPECT_EQ(count("1") - middle, 150);
  EXPECT_EQ(count("+Inf") - all, 157);
}

}  // namespace
}  // namespace base
