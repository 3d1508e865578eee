#include "apiserver/registry/event_leases.h"

#include <algorithm>

#include "base/status_macros.h"

namespace apiserver::registry {

absl::StatusOr<int64_t> EventLeases::Get(absl::Time now) {
  const std::lock_guard lock(mu_);
  const bool lives = now + ttl_ <= expires_;
  if (id_ != 0 && lives && events_ < kMostEvents) {
    ++events_;
    return id_;
  }
  const absl::Duration use = std::min(ttl_ / 20, kLongestUse);
  const absl::Duration granted = absl::Ceil(ttl_ + use, absl::Seconds(1));
  ASSIGN_OR_RETURN(id_, store_.GrantLease(granted));
  expires_ = now + granted;
  events_ = 1;
  return id_;
}

}  // namespace apiserver::registry
