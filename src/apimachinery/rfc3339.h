// RFC 3339 between text and Unix seconds, without the range and cost of absl::Time. Used by time.cc and the codec.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace apimachinery {

struct Instant {
  int64_t seconds = 0;  // since the epoch
  int nanos = 0;
};
constexpr int64_t kZeroTimeSeconds = -62135596800;  // 0001-01-01T00:00:00Z, "no time"

// `micro`: exactly six fraction digits are demanded. Errors as ParseTime.
absl::StatusOr<Instant> ParseRfc3339(absl::string_view text, bool micro);
// Without quotes; micros < 0 prints whole seconds.
void AppendRfc3339(int64_t seconds, int micros, std::string* out);

}  // namespace apimachinery
