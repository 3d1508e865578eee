#include "etcdlite/mvcc/range_rests.h"

namespace etcdlite::mvcc {

std::optional<int64_t> RangeRests::Find(absl::string_view first, absl::string_view end, int64_t at) const {
  const std::lock_guard<std::mutex> lock(mu_);
  for (const Rest& rest : rests_) {
    if (rest.at == at && rest.first == first && rest.end == end) return rest.count;
  }
  return std::nullopt;
}

void RangeRests::Keep(absl::string_view first, absl::string_view end, int64_t at, int64_t count) {
  const std::lock_guard<std::mutex> lock(mu_);
  Rest& rest = rests_[oldest_];
  oldest_ = (oldest_ + 1) % rests_.size();
  rest.first.assign(first.data(), first.size());
  rest.end.assign(end.data(), end.size());
  rest.at = at;
  rest.count = count;
}

void RangeRests::Clear() {
  const std::lock_guard<std::mutex> lock(mu_);
  rests_ = {};
}

}  // namespace etcdlite::mvcc
