#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/metrics/certificate_series.h"
#include "base/metrics/page.h"
#include "base/metrics/queue_series.h"
#include "base/metrics/stability.h"

namespace base {
namespace {

// The value of the sample that a page has under `name`, with its labels; -1: there is none.
double Sample(absl::string_view page, absl::string_view name) {
  for (const absl::string_view line : absl::StrSplit(page, '\n')) {
    if (line.substr(0, name.size()) != name || line.size() <= name.size() || line[name.size()] != ' ') continue;
    double value = 0;
    if (absl::SimpleAtod(line.substr(name.size() + 1), &value)) return value;
  }
  return -1;
}

std::string Page() {
  MetricsPage page;
  AddDaemon(page);
  return page.Text();
}

TEST(DaemonPageTest, WhatTheProcessHasIsToldUnderTheNamesOfARuntime) {
  const std::string page = Page();
  for (const absl::string_view name : {"go_goroutines", "go_threads", "go_memstats_alloc_bytes", "go_memstats_sys_bytes",
                                       "go_memory_classes_total_bytes", "go_sched_gomaxprocs_threads"}) {
    EXPECT_GE(Sample(page, name), 1) << name;
  }
  EXPECT_EQ(Sample(page, "go_info{version=\"none\"}"), 1);
}

TEST(DaemonPageTest, WhatHasNoEquivalentStaysAtZero) {
  const std::string page = Page();
  for (const absl::string_view name : {"go_gc_duration_seconds_count", "go_gc_cycles_total_gc_cycles_total", "go_memstats_mallocs_total",
                                       "go_sched_latencies_seconds_bucket{le=\"+Inf\"}", "go_gc_duration_seconds{quantile=\"0.5\"}"}) {
    EXPECT_EQ(Sample(page, name), 0) << name;
  }
}

TEST(DaemonPageTest, AThreadMoreIsAThreadMore) {
  const double before = Sample(Page(), "go_goroutines");
  std::mutex mu;
  mu.lock();
  std::thread waits([&mu] { const std::lock_guard lock(mu); });
  EXPECT_EQ(Sample(Page(), "go_goroutines"), before + 1);
  mu.unlock();
  waits.join();
}

TEST(DaemonPageTest, HeapThatIsTakenIsTold) {
  const double before = Sample(Page(), "go_memstats_heap_alloc_bytes");
  const std::string taken(8 << 20, 'x');
  EXPECT_GE(Sample(Page(), "go_memstats_heap_alloc_bytes"), before + (7 << 20));
}

TEST(DaemonPageTest, FeaturesAreWhatTheReleaseHasThemByDefault) {
  const std::string page = Page();
  EXPECT_EQ(Sample(page, "kubernetes_feature_enabled{name=\"AllAlpha\",stage=\"ALPHA\"}"), 0);
  EXPECT_EQ(Sample(page, "kubernetes_feature_enabled{name=\"APIResponseCompression\",stage=\"BETA\"}"), 1);
}

TEST(DaemonPageTest, APageCountsItsOwnFamilies) {
  MetricsPage page;
  page.Add("page_gauge", "gauge", "One.", 1);
  const std::string fewer = page.Text();
  page.Add("page_gauge", "gauge", "One.", 1);
  page.Add("page_other_gauge", "gauge", "Two.", 2);
  const absl::string_view alpha = "registered_metrics_total{deprecated_version=\"\",stability_level=\"ALPHA\"}";
  EXPECT_GE(Sample(fewer, alpha), 1);
  EXPECT_GE(Sample(page.Text(), alpha), Sample(fewer, alpha) + 1);
}

TEST(StabilityTest, IsUpstreams) {
  const std::pair<absl::string_view, absl::string_view> cases[] = {
      {"apiserver_request_total", "STABLE"}, {"registered_metrics_total", "BETA"}, {"workqueue_depth", "ALPHA"},
      {"go_goroutines", ""}, {"process_open_fds", ""}, {"zzz", "ALPHA"}, {"", "ALPHA"}};
  for (const auto& [name, stability] : cases) EXPECT_EQ(StabilityOf(name), stability) << name;
}

TEST(QueueSeriesTest, KeysWaitAreWorkedOnAndComeAgain) {
  QueueSeries& series = QueueSeries::Of("test");
  const auto told = [](absl::string_view what, absl::string_view suffix = "") {
    return Sample(Page(), absl::StrCat("workqueue_", what, suffix, "{name=\"test\"}"));
  };
  EXPECT_EQ(told("depth"), 0);
  series.Added("a", absl::Seconds(10));
  series.Added("b", absl::Seconds(11));
  EXPECT_EQ(told("depth"), 2);
  series.Taken("a", absl::Seconds(12));
  EXPECT_EQ(told("depth"), 1);
  EXPECT_EQ(told("queue_duration_seconds", "_sum"), 2);
  EXPECT_EQ(series.RunningAt(absl::Seconds(15)).longest, 3);
  series.Taken("b", absl::Seconds(13));
  EXPECT_EQ(series.RunningAt(absl::Seconds(15)).sum, 5);
  series.Done("a", absl::Seconds(16));
  series.Done("b", absl::Seconds(16));
  EXPECT_EQ(told("work_duration_seconds", "_sum"), 7);
  EXPECT_EQ(told("work_duration_seconds", "_count"), 2);
  EXPECT_EQ(series.RunningAt(absl::Seconds(20)).sum, 0);
  series.Retried();
  EXPECT_EQ(std::make_pair(told("adds_total"), told("retries_total")), std::make_pair(2.0, 1.0));
}

TEST(CertificateSeriesTest, ProblemsAreCountedByTheirCause) {
  static CertificateSeries& series = *new CertificateSeries("test_servers");
  series.Failed("tls: failed to verify certificate: x509: certificate relies on legacy Common Name field, use SANs instead");
  series.Failed("x509: cannot verify signature: insecure algorithm SHA1-RSA");
  series.Failed("connection refused");
  const std::string page = Page();
  EXPECT_EQ(Sample(page, "test_servers_x509_missing_san_total"), 1);
  EXPECT_EQ(Sample(page, "test_servers_x509_insecure_sha1_total"), 1);
}

}  // namespace
}  // namespace base
