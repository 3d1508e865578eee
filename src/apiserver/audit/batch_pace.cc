#include "apiserver/audit/batch_pace.h"

#include <algorithm>

#include "apiserver/audit/backend.h"

namespace apiserver::audit {

BatchPace::BatchPace(const BackendOptions& options)
    : max_batch_(static_cast<size_t>(std::max(options.max_batch, 1))), max_wait_(options.max_wait),
      qps_(options.throttle ? options.throttle_qps : 0), burst_(std::max(options.throttle_burst, 1)), tokens_(burst_) {}

absl::Time BatchPace::Due(size_t waiting, absl::Time since, absl::Time now) {
  if (waiting == 0) return absl::InfiniteFuture();
  absl::Time due = now;
  if (waiting < max_batch_) {
    if (max_wait_ <= absl::ZeroDuration()) return absl::InfiniteFuture();
    due = std::max(due, since + max_wait_);
  }
  if (qps_ <= 0) return due;
  if (counted_ > absl::InfinitePast()) tokens_ = std::min(burst_, tokens_ + absl::ToDoubleSeconds(now - counted_) * qps_);
  counted_ = now;
  return tokens_ >= 1 ? due : std::max(due, now + absl::Seconds((1 - tokens_) / qps_));
}

void BatchPace::Sent(absl::Time) { tokens_ -= 1; }

}  // namespace apiserver::audit
