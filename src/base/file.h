// Whole-file reads and crash-safe writes.
#pragma once
#include <string>
#include "absl/strings/string_view.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace base {

// NotFound: no such file. The message names the path and the system's reason.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Replaces `path` in one step (temporary file, fsync, rename, fsync of the folder): after a crash
// the file holds the old or the new content, never a mixture.
absl::Status WriteFileAtomic(const std::string& path, absl::string_view content, int mode = 0600);

absl::Status MakeDirs(const std::string& path, int mode = 0755);
absl::Status SyncDir(const std::string& path);

// A status for the current errno, with `what` in front: "open /x: No such file or directory".
absl::Status ErrnoStatus(absl::string_view what);

}  // namespace base
