#include "apiserver/audit/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <mutex>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace apiserver::audit {
namespace {

namespace fs = std::filesystem;
constexpr int64_t kDefaultMaxBytes = 100 << 20;
constexpr absl::string_view kTimeForm = "%Y-%m-%dT%H-%M-%E3S";
constexpr absl::string_view kCompressed = ".gz";

absl::Status WriteAll(int fd, absl::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::ErrnoStatus(absl::StrCat("write ", path));
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

class LogFileImpl final : public LogFile {
 public:
  explicit LogFileImpl(LogFileOptions options)
      : options_(std::move(options)), path_(options_.path),
        max_bytes_(options_.max_bytes > 0 ? options_.max_bytes : kDefaultMaxBytes) {}
  ~LogFileImpl() override {
    if (fd_ > STDOUT_FILENO) close(fd_);
  }

  absl::Status Open() {
    if (options_.path == "-") {
      fd_ = STDOUT_FILENO;
      return absl::OkStatus();
    }
    if (path_.has_parent_path()) RETURN_IF_ERROR(base::MakeDirs(path_.parent_path().string()));
    fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd_ < 0) return base::ErrnoStatus(absl::StrCat("open ", options_.path));
    struct stat info;
    size_ = fstat(fd_, &info) == 0 ? info.st_size : 0;
    return absl::OkStatus();
  }

  absl::Status Write(absl::string_view lines, absl::Time now) override {
    const std::lock_guard lock(mu_);
    if (fd_ < 0) RETURN_IF_ERROR(Open());
    if (fd_ != STDOUT_FILENO && size_ > 0 && size_ + static_cast<int64_t>(lines.size()) > max_bytes_) {
      RETURN_IF_ERROR(SetAsideLocked(now));
    }
    RETURN_IF_ERROR(WriteAll(fd_, lines, options_.path));
    size_ += static_cast<int64_t>(lines.size());
    return absl::OkStatus();
  }

 private:
  std::string Prefix() const { return absl::StrCat(path_.stem().string(), "-"); }

  absl::Status SetAsideLocked(absl::Time now) {
    close(fd_);
    fd_ = -1;
    size_ = 0;
    const std::string name =
        absl::StrCat(Prefix(), absl::FormatTime(kTimeForm, now, absl::UTCTimeZone()), path_.extension().string());
    if (rename(path_.c_str(), (path_.parent_path() / name).c_str()) != 0) {
      return base::ErrnoStatus(absl::StrCat("can't rename log file ", options_.path));
    }
    RETURN_IF_ERROR(Open());
    Clean(now);
    return absl::OkStatus();
  }

  // What was set aside, the latest first.
  std::vector<std::pair<absl::Time, fs::path>> SetAside() const {
    std::vector<std::pair<absl::Time, fs::path>> found;
    std::error_code error;
    const fs::path folder = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      absl::string_view text = name;
      absl::ConsumeSuffix(&text, kCompressed);
      if (!absl::ConsumePrefix(&text, Prefix()) || !absl::ConsumeSuffix(&text, path_.extension().string())) continue;
      absl::Time time;
      if (absl::ParseTime(kTimeForm, text, &time, nullptr)) found.emplace_back(time, entry.path());
    }
    std::sort(found.begin(), found.end(), std::greater<>());
    return found;
  }

  void Clean(absl::Time now) const {
    if (options_.max_backups == 0 && options_.max_age_days == 0 && !options_.compress) return;
    int kept = 0;
    for (const auto& [time, path] : SetAside()) {
      std::error_code error;
      const bool old = options_.max_age_days > 0 && time < now - absl::Hours(24) * options_.max_age_days;
      if (old || (options_.max_backups > 0 && kept >= options_.max_backups)) {
        fs::remove(path, error);
        continue;
      }
      ++kept;
      if (options_.compress && path.extension() != std::string(kCompressed)) Compress(path);
    }
  }

  // Piece by piece: a log may be large.
  static void Compress(const fs::path& path) {
    const std::string target = absl::StrCat(path.string(), kCompressed);
    const int from = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const int to = open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    gzFile out = to < 0 ? nullptr : gzdopen(to, "wb");
    bool ok = from >= 0 && out != nullptr;
    char buffer[65536];
    for (ssize_t n = 1; ok && n > 0;) {
      n = read(from, buffer, sizeof(buffer));
      ok = n >= 0 && (n == 0 || gzwrite(out, buffer, static_cast<unsigned>(n)) == n);
    }
    if (from >= 0) close(from);
    if (out != nullptr) {
      ok &= gzclose(out) == Z_OK;
    } else if (to >= 0) {
      close(to);
    }
    std::error_code error;
    fs::remove(ok ? path : fs::path(target), error);
    if (!ok) base::LogWarning("audit log not compressed file=", path.string());
  }

  const LogFileOptions options_;
  const fs::path path_;
  const int64_t max_bytes_;
  std::mutex mu_;
  int fd_ = -1;       // under mu_
  int64_t size_ = 0;  // under mu_
};

}  // namespace

absl::StatusOr<std::unique_ptr<LogFile>> OpenLogFile(LogFileOptions options) {
  auto file = std::make_unique<LogFileImpl>(std::move(options));
  RETURN_IF_ERROR(file->Open());
  return file;
}

}  // namespace apiserver::audit
