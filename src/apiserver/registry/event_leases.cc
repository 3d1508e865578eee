#include "apiserver/registry/event_leases.h"

#include <algorithm>

#include "base/metrics/metrics.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

base::Histogram& LeaseObjects() {
  static auto* const family = new base::HistogramFamily("etcd_lease_object_counts", "Objects on one lease of the store.",
                                                        {}, {10, 50, 100, 500, 1000, 2500, 5000});
  return family->With(base::Labels());
}
[[maybe_unused]] const base::Histogram& kFromTheStart = LeaseObjects();  // shown before anything happens

}  // namespace

absl::StatusOr<int64_t> EventLeases::Get(absl::Time now) {
  const std::lock_guard lock(mu_);
  const bool lives = now + ttl_ <= expires_;
  if (id_ != 0 && lives && events_ < kMostEvents) {
    ++events_;
    return id_;
  }
  if (id_ != 0) LeaseObjects().Observe(events_);
  const absl::Duration use = std::min(ttl_ / 20, kLongestUse);
  const absl::Duration granted = absl::Ceil(ttl_ + use, absl::Seconds(1));
  ASSIGN_OR_RETURN(id_, store_.GrantLease(granted));
  expires_ = now + granted;
  events_ = 1;
  return id_;
}

}  // namespace apiserver::registry
