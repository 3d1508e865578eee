// The file of --audit-log-path: appended to, set aside when it is full, old ones removed. Thread-safe.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace apiserver::audit {

struct LogFileOptions {
  std::string path;       // "-": standard output, never set aside
  int64_t max_bytes = 0;  // a file that would become larger is set aside first; 0: 100 MiB
  int max_age_days = 0;   // of files set aside, by the time in their names; 0: no bound
  int max_backups = 0;    // of files set aside; 0: no bound
  bool compress = false;  // files set aside become NAME.gz
};

class LogFile {
 public:
  virtual ~LogFile() = default;
  // All of `lines` or none: what does not fit beside what is there goes to a new file. A file set aside is named by the
  // time it was: audit.log becomes audit-2026-01-02T15-04-05.000.log.
  virtual absl::Status Write(absl::string_view lines, absl::Time now) = 0;
};

// Makes the file (0600) and its folder when they are not there. Goes on at the end of one that is.
absl::StatusOr<std::unique_ptr<LogFile>> OpenLogFile(LogFileOptions options);

}  // namespace apiserver::audit
