#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace base {

absl::Status ErrnoStatus(absl::string_view what) { return absl::ErrnoToStatus(errno, what); }

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(absl::StrCat("open ", path));
  const auto closer = absl::MakeCleanup([fd] { close(fd); });
  std::string out;
  char buffer[16384];
  while (true) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got == 0) return out;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(absl::StrCat("read ", path));
    out.append(buffer, static_cast<size_t>(got));
  }
}

absl::Status SyncDir(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(absl::StrCat("open ", path));
  const auto closer = absl::MakeCleanup([fd] { close(fd); });
  if (fsync(fd) != 0) return ErrnoStatus(absl::StrCat("fsync ", path));
  return absl::OkStatus();
}

absl::Status WriteFileAtomic(const std::string& path, absl::string_view content, int mode) {
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(absl::StrCat("create ", temporary));
  auto undo = absl::MakeCleanup([&] { unlink(temporary.c_str()); });
  {
    const auto closer = absl::MakeCleanup([fd] { close(fd); });
    while (!content.empty()) {
      const ssize_t put = write(fd, content.data(), content.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return ErrnoStatus(absl::StrCat("write ", temporary));
      content.remove_prefix(static_cast<size_t>(put));
    }
    if (fchmod(fd, static_cast<mode_t>(mode)) != 0) return ErrnoStatus(absl::StrCat("chmod ", temporary));
    if (fsync(fd) != 0) return ErrnoStatus(absl::StrCat("fsync ", temporary));
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return ErrnoStatus(absl::StrCat("rename to ", path));
  std::move(undo).Cancel();
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return SyncDir(parent.empty() ? "." : parent);
}

absl::Status MakeDirs(const std::string& path, int mode) {
  std::string prefix;
  size_t at = 0;
  while (at != std::string::npos) {
    at = path.find('/', at + 1);
    prefix = path.substr(0, at);
    if (prefix.empty() || mkdir(prefix.c_str(), static_cast<mode_t>(mode)) == 0 || errno == EEXIST) continue;
    return ErrnoStatus(absl::StrCat("mkdir ", prefix));
  }
  return absl::OkStatus();
}

}  // namespace base
