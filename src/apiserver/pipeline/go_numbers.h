// Numbers and durations in parameters, read and refused as upstream's language does. Pure; any thread.
#pragma once
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace apiserver::pipeline {

// `strconv.ParseInt: parsing "x": invalid syntax` or `: value out of range`, as InvalidArgument.
absl::StatusOr<int64_t> ParseInt(absl::string_view text);
absl::StatusOr<uint64_t> ParseUint(absl::string_view text);
// "1h15m30.5s"; `time: invalid duration "x"`, `time: missing unit in duration "5"`, `time: unknown unit ...`.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text);

}  // namespace apiserver::pipeline
