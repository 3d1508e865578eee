// When the next batch of events is written. Pure: time comes in.
#pragma once
#include <cstddef>

#include "absl/time/time.h"

namespace apiserver::audit {

struct BackendOptions;

class BatchPace {
 public:
  explicit BatchPace(const BackendOptions& options);
  // With `waiting` events, the first of them since `since`. InfiniteFuture: not before more of them come.
  absl::Time Due(size_t waiting, absl::Time since, absl::Time now);
  void Sent(absl::Time now);  // a batch goes out

 private:
  const size_t max_batch_;
  const absl::Duration max_wait_;
  const double qps_, burst_;  // qps 0: not throttled
  double tokens_;
  absl::Time counted_ = absl::InfinitePast();
};

}  // namespace apiserver::audit
