// Quantiles of what was observed in the last hours, to a few percent, in a fixed amount of memory. Thread-safe.
//
// Values fall into cells whose bounds grow by a constant factor; a quantile is the bound of the cell in which it lies.
// Cells are kept by hour and forgotten after five: what a quantile says is never older.
#pragma once
#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include "absl/time/time.h"
#include "base/metrics/metrics.h"

namespace base {

class Summary {
 public:
  void Observe(double seconds, absl::Time now);
  // The value below which the part `quantile` of the observations lies; NaN when there are none.
  double Quantile(double quantile, absl::Time now);
  double sum();
  uint64_t count();

 private:
  struct Hour {
    int64_t hour = -1;  // since 1970
    std::vector<uint32_t> cells;
  };

  std::mutex mu_;
  std::array<Hour, 5> hours_;
  double sum_ = 0;
  uint64_t count_ = 0;
};

// Shows the quantiles 0.5, 0.9 and 0.99.
class SummaryFamily final : public MemberFamily<Summary> {
 public:
  using MemberFamily::MemberFamily;
  void Write(MetricsWriter& writer) const override;

 protected:
  std::unique_ptr<Summary> Make() const override { return std::make_unique<Summary>(); }
};

extern template class MemberFamily<Summary>;

}  // namespace base
