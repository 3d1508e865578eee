#include "kubelet/volumes/atomic_writer.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/status_macros.h"
#include "kubelet/runtime/shim/record.h"

namespace kubelet {
namespace {

std::string ReadLink(const std::string& path) {
  char target[4096];
  const ssize_t n = readlink(path.c_str(), target, sizeof target);
  return n > 0 ? std::string(target, static_cast<size_t>(n)) : "";
}

bool Unsafe(const std::string& path) {
  return path.empty() || path.front() == '/' || absl::StartsWith(path, "..") || absl::StrContains(path, "/../") ||
         absl::EndsWith(path, "/..");
}

bool Same(const std::string& dir, const VolumeFiles& files) {
  std::error_code error;
  size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir, error)) {
    if (!entry.is_directory()) ++count;
  }
  if (error || count != files.size()) return false;
  for (const auto& [path, file] : files) {
    std::string content;
    struct stat st;
    const std::string full = absl::StrCat(dir, "/", path);
    if (!ReadWholeFile(full, &content) || content != file.content) return false;
    if (stat(full.c_str(), &st) != 0 || (st.st_mode & 0777) != static_cast<mode_t>(file.mode & 0777)) return false;
  }
  return true;
}

absl::Status WriteFile(const std::string& path, const VolumeFile& file, int64_t group) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return base::ErrnoStatus(absl::StrCat("create ", path));
  size_t done = 0;
  while (done < file.content.size()) {
    const ssize_t n = write(fd, file.content.data() + done, file.content.size() - done);
    if (n <= 0) {
      close(fd);
      return base::ErrnoStatus(absl::StrCat("write ", path));
    }
    done += static_cast<size_t>(n);
  }
  if (group >= 0) (void)!fchown(fd, static_cast<uid_t>(-1), static_cast<gid_t>(group));
  fchmod(fd, static_cast<mode_t>(file.mode));
  close(fd);
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteAtomically(const std::string& dir, const VolumeFiles& files, int64_t group) {
  RETURN_IF_ERROR(base::MakeDirs(dir, 0755));
  const std::string data = dir + "/..data";
  const std::string old = ReadLink(data);
  if (!old.empty() && Same(absl::StrCat(dir, "/", old), files)) return absl::OkStatus();

  const std::string stamp = absl::StrCat("..", absl::FormatTime("%Y_%m_%d_%H_%M_%S", absl::Now(), absl::UTCTimeZone()), ".",
                                         base::Rng::FromEntropy().Below(4000000000));
  const std::string fresh = absl::StrCat(dir, "/", stamp);
  RETURN_IF_ERROR(base::MakeDirs(fresh, 0755));
  if (group >= 0) {
    (void)!chown(fresh.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(group));
    chmod(fresh.c_str(), 02755);
  }
  std::set<std::string> tops;
  for (const auto& [path, file] : files) {
    if (Unsafe(path)) return absl::InvalidArgumentError(absl::StrCat("invalid path ", path, ": must stay in its volume"));
    const size_t slash = path.rfind('/');
    if (slash != std::string::npos) RETURN_IF_ERROR(base::MakeDirs(absl::StrCat(fresh, "/", path.substr(0, slash)), 0755));
    RETURN_IF_ERROR(WriteFile(absl::StrCat(fresh, "/", path), file, group));
    tops.insert(path.substr(0, path.find('/')));
  }
  const std::string temporary = dir + "/..data_tmp";
  unlink(temporary.c_str());
  if (symlink(stamp.c_str(), temporary.c_str()) != 0 || rename(temporary.c_str(), data.c_str()) != 0) {
    return base::ErrnoStatus(absl::StrCat("switch ", data));
  }
  for (const std::string& top : tops) {
    const std::string link = absl::StrCat(dir, "/", top);
    if (ReadLink(link).empty()) {
      (void)!symlink(absl::StrCat("..data/", top).c_str(), link.c_str());
    }
  }
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ignored)) {
    const std::string name = entry.path().filename();
    const bool stale = absl::StartsWith(name, "..") ? name != "..data" && name != stamp : !tops.contains(name);
    if (stale) std::filesystem::remove_all(entry.path(), ignored);
  }
  return absl::OkStatus();
}

}  // namespace kubelet
