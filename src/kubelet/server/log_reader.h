// Reads container logs in the CRI format, filtered as a client asks.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace kubelet {

struct LogQuery {
  bool follow = false, previous = false, timestamps = false;
  std::optional<absl::Time> since;
  int64_t tail = -1;         // lines; -1: all
  int64_t limit_bytes = -1;
  std::string stream;        // "Stdout", "Stderr", or both when empty or "All"
};

// One `TIME STREAM TAG CONTENT` line, taken apart. False: not such a line.
struct LogLine {
  absl::string_view time, stream, content;
  bool whole = true;
};
bool ParseLogLine(absl::string_view text, LogLine* line);

// Turns raw log bytes into what the client sees. Not thread-safe.
class LogFilter {
 public:
  explicit LogFilter(const LogQuery& query) : query_(query) {}
  // Appends the wanted lines of `raw` (whole lines only). False: the byte limit is reached.
  bool Feed(absl::string_view raw, std::string* out);

 private:
  const LogQuery query_;
  int64_t written_ = 0;
  bool continued_ = false;  // the line before was a part: no new time stamp
};

// Where reading has to begin in `path` so that its last `lines` lines follow.
int64_t TailOffset(const std::string& path, int64_t lines);

// The files of a log, oldest first; the last one is `path` itself.
std::vector<std::string> LogFiles(const std::string& path);

// Reads a whole log, and with query.follow on until `ended` says so and all is read. `write` answers false when nobody
// listens any more; it is also called with "" now and then while waiting. Blocking.
absl::Status ReadLog(const std::string& path, const LogQuery& query, const std::function<bool(std::string)>& write,
                     const std::function<bool()>& ended);

}  // namespace kubelet
