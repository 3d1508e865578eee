#include "base/metrics/summary.h"

#include <cmath>
#include <limits>

#include "absl/time/clock.h"
#include "base/metrics/member_family.h"

namespace base {

template class MemberFamily<Summary>;

namespace {

constexpr double kLeast = 1e-6, kGrowth = 1.05;  // of cells, in seconds
constexpr size_t kCells = 400;                   // the last one begins at five minutes

size_t CellOf(double seconds) {
  if (!(seconds > kLeast)) return 0;
  return std::min(kCells - 1, static_cast<size_t>(std::ceil(std::log(seconds / kLeast) / std::log(kGrowth))));
}

int64_t HourOf(absl::Time now) { return absl::ToUnixSeconds(now) / 3600; }

}  // namespace

void Summary::Observe(double seconds, absl::Time now) {
  const size_t cell = CellOf(seconds);
  const int64_t hour = HourOf(now);
  const std::lock_guard lock(mu_);
  Hour& kept = hours_[static_cast<size_t>(hour) % hours_.size()];
  if (kept.hour != hour) {
    kept.hour = hour;
    kept.cells.assign(kCells, 0);
  }
  ++kept.cells[cell];
  sum_ += seconds;
  ++count_;
}

double Summary::Quantile(double quantile, absl::Time now) {
  const int64_t hour = HourOf(now);
  const std::lock_guard lock(mu_);
  std::vector<uint64_t> cells(kCells);
  uint64_t total = 0;
  for (const Hour& kept : hours_) {
    if (kept.hour < 0 || kept.hour <= hour - static_cast<int64_t>(hours_.size())) continue;
    for (size_t i = 0; i < kCells; ++i) {
      cells[i] += kept.cells[i];
      total += kept.cells[i];
    }
  }
  if (total == 0) return std::numeric_limits<double>::quiet_NaN();
  const auto rank = static_cast<uint64_t>(std::ceil(quantile * static_cast<double>(total)));
  uint64_t below = 0;
  size_t cell = 0;
  while (cell + 1 < kCells && (below += cells[cell]) < std::max<uint64_t>(rank, 1)) ++cell;
  return kLeast * std::pow(kGrowth, static_cast<double>(cell));
}

double Summary::sum() {
  const std::lock_guard lock(mu_);
  return sum_;
}

uint64_t Summary::count() {
  const std::lock_guard lock(mu_);
  return count_;
}

void SummaryFamily::Write(MetricsWriter& writer) const {
  const auto all = All();
  if (all.empty()) return;
  writer.Family(name_, "summary", help_);
  const absl::Time now = absl::Now();
  constexpr std::pair<double, absl::string_view> kQuantiles[] = {{0.5, "0.5"}, {0.9, "0.9"}, {0.99, "0.99"}};
  for (const auto& [values, summary] : all) {
    const std::vector<absl::string_view> views(values.begin(), values.end());
    for (const auto& [quantile, text] : kQuantiles) {
      writer.Sample("", labels_, views, summary->Quantile(quantile, now), text, "quantile");
    }
    writer.Sample("_sum", labels_, views, summary->sum());
    writer.Sample("_count", labels_, views, static_cast<double>(summary->count()));
  }
}

}  // namespace base
