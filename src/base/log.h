// Process-wide leveled log on standard error, `key=value` fields by convention of the caller.
// Info: rare and useful to an operator. Warning: may heal. Error: a request or data was lost.
#pragma once

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Call once, before threads start. `verbosity` is upstream's -v: 0-1 info, 2 and above debug.
void InitLog(absl::string_view component, int verbosity = 0);

bool LogEnabled(LogLevel level);
void LogLine(LogLevel level, absl::string_view text);  // thread-safe

template <typename... Args>
void LogDebug(const Args&... args) {
  if (LogEnabled(LogLevel::kDebug)) LogLine(LogLevel::kDebug, absl::StrCat(args...));
}
template <typename... Args>
void LogInfo(const Args&... args) {
  LogLine(LogLevel::kInfo, absl::StrCat(args...));
}
template <typename... Args>
void LogWarning(const Args&... args) {
  LogLine(LogLevel::kWarning, absl::StrCat(args...));
}
template <typename... Args>
void LogError(const Args&... args) {
  LogLine(LogLevel::kError, absl::StrCat(args...));
}

}  // namespace base
