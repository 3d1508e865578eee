// What a ResourceQuota's status should say. Pure.
//
// API servers raise status.used before they store an object, so a count of what is there may miss objects that are
// admitted but not stored yet. The figure therefore only falls by what was seen to go, until the quota has rested for
// long enough that no such write can be under way.
#pragma once
#include "absl/time/time.h"
#include "apimachinery/quota/usage.h"

namespace controller_manager {

using apimachinery::quota::Amounts;

struct QuotaFacts {
  Amounts spec_hard, status_hard, status_used;
  Amounts counted;        // what the objects that are there use; only names that are counted
  Amounts gone;           // what was seen to go since status_used was last written here
  bool rested = false;    // nobody has raised the figure for kQuotaRest
};
// Longer than any request may take between admission and store.
inline constexpr absl::Duration kQuotaRest = absl::Seconds(30);

struct QuotaPlan {
  Amounts hard, used;
  bool write = false;    // the status has to change
  bool recheck = false;  // the figure may be too high: count again when the quota has rested
};
QuotaPlan PlanQuota(const QuotaFacts& facts);

}  // namespace controller_manager
