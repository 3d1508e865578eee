// The API's times: RFC 3339 text as upstream reads and writes it, and Go's durations. Pure.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace apimachinery {

std::string FormatTime(absl::Time time);       // meta.v1.Time: UTC, whole seconds, "2006-01-02T15:04:05Z"
std::string FormatMicroTime(absl::Time time);  // meta.v1.MicroTime: exactly six fraction digits
// InvalidArgument: `parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse ...` in Go's words.
absl::StatusOr<absl::Time> ParseTime(absl::string_view text);
absl::StatusOr<absl::Time> ParseMicroTime(absl::string_view text);

std::string FormatDuration(int64_t nanoseconds);                     // "1h0m0s", "1.5s", "0s"
absl::StatusOr<int64_t> ParseDuration(absl::string_view text);       // `time: invalid duration "x"`
// kubectl's short ages: "5s", "3m12s", "45m", "2d", "3y32d".
std::string HumanDuration(absl::Duration age);

}  // namespace apimachinery
