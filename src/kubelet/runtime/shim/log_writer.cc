#include "kubelet/runtime/shim/log_writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace kubelet {
namespace {
constexpr size_t kMaxLine = 16384;  // as other container runtimes cut lines
}

LogWriter::LogWriter(std::string path, int64_t max_bytes, int max_files)
    : path_(std::move(path)), max_bytes_(max_bytes), max_files_(max_files) {
  if (path_.empty()) return;
  fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  struct stat st;
  if (fd_ >= 0 && fstat(fd_, &st) == 0) size_ = st.st_size;
}

LogWriter::~LogWriter() {
  if (fd_ >= 0) close(fd_);
}

void LogWriter::Line(int stream, const char* data, size_t size, bool whole, std::string* out) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  tm utc;
  gmtime_r(&now.tv_sec, &utc);
  char head[64];
  const size_t at = strftime(head, sizeof head, "%Y-%m-%dT%H:%M:%S", &utc);
  snprintf(head + at, sizeof head - at, ".%09ldZ %s %c ", now.tv_nsec, stream == 2 ? "stderr" : "stdout",
           whole ? 'F' : 'P');
  out->append(head);
  out->append(data, size);
  out->push_back('\n');
}

void LogWriter::Write(int stream, const char* data, size_t size) {
  std::string& partial = partial_[stream];
  std::string out;
  size_t at = 0;
  while (at < size) {
    const char* newline = static_cast<const char*>(memchr(data + at, '\n', size - at));
    const size_t length = (newline == nullptr ? data + size : newline) - (data + at);
    const size_t taken = std::min(length, kMaxLine - partial.size());
    partial.append(data + at, taken);
    at += taken;
    if (taken < length) {
      Line(stream, partial.data(), partial.size(), false, &out);
      partial.clear();
    } else if (newline != nullptr) {
      ++at;
      Line(stream, partial.data(), partial.size(), true, &out);
      partial.clear();
    }
  }
  Append(out);
}

void LogWriter::Flush() {
  std::string out;
  for (int stream : {1, 2}) {
    if (!partial_[stream].empty()) Line(stream, partial_[stream].data(), partial_[stream].size(), true, &out);
    partial_[stream].clear();
  }
  Append(out);
}

void LogWriter::Append(const std::string& text) {
  if (fd_ < 0 || text.empty()) return;
  if (size_ > 0 && size_ + static_cast<int64_t>(text.size()) > max_bytes_) Rotate();
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = write(fd_, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // a full disk loses output, never the container
    done += static_cast<size_t>(n);
  }
  size_ += static_cast<int64_t>(text.size());
}

void LogWriter::Rotate() {
  const time_t now = time(nullptr);
  tm utc;
  gmtime_r(&now, &utc);
  char suffix[32];
  strftime(suffix, sizeof suffix, ".%Y%m%d-%H%M%S", &utc);
  rename(path_.c_str(), (path_ + suffix).c_str());
  close(fd_);
  fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  size_ = 0;

  const size_t slash = path_.rfind('/');
  const std::string dir = path_.substr(0, slash), name = path_.substr(slash + 1) + ".";
  std::vector<std::string> rotated;
  if (DIR* d = opendir(dir.c_str())) {
    while (dirent* entry = readdir(d)) {
      if (strncmp(entry->d_name, name.c_str(), name.size()) == 0) rotated.push_back(entry->d_name);
    }
    closedir(d);
  }
  std::sort(rotated.begin(), rotated.end());  // the suffix sorts by age
  while (static_cast<int>(rotated.size()) > max_files_ - 1) {
    unlink((dir + "/" + rotated.front()).c_str());
    rotated.erase(rotated.begin());
  }
}

}  // namespace kubelet
