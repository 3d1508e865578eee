#include "kubelet/server/log_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"

namespace kubelet {

bool ParseLogLine(absl::string_view text, LogLine* line) {
  const size_t first = text.find(' ');
  const size_t second = first == absl::string_view::npos ? first : text.find(' ', first + 1);
  const size_t third = second == absl::string_view::npos ? second : text.find(' ', second + 1);
  if (third == absl::string_view::npos) return false;
  line->time = text.substr(0, first);
  line->stream = text.substr(first + 1, second - first - 1);
  line->whole = !absl::StartsWith(text.substr(second + 1, third - second - 1), "P");
  line->content = text.substr(third + 1);
  return true;
}

bool LogFilter::Feed(absl::string_view raw, std::string* out) {
  size_t at = 0;
  while (at < raw.size()) {
    size_t end = raw.find('\n', at);
    if (end == absl::string_view::npos) end = raw.size();
    LogLine line;
    const bool parsed = ParseLogLine(raw.substr(at, end - at), &line);
    at = end + 1;
    if (!parsed) continue;
    if ((query_.stream == "Stdout" && line.stream != "stdout") || (query_.stream == "Stderr" && line.stream != "stderr")) continue;
    if (query_.since.has_value()) {
      absl::Time time;
      std::string error;
      if (absl::ParseTime(absl::RFC3339_full, line.time, &time, &error) && time < *query_.since) continue;
    }
    std::string text;
    if (query_.timestamps && !continued_) absl::StrAppend(&text, line.time, " ");
    absl::StrAppend(&text, line.content);
    if (line.whole) text += '\n';
    continued_ = !line.whole;
    if (query_.limit_bytes >= 0 && written_ + static_cast<int64_t>(text.size()) >= query_.limit_bytes) {
      out->append(text, 0, static_cast<size_t>(query_.limit_bytes - written_));
      return false;
    }
    written_ += static_cast<int64_t>(text.size());
    *out += text;
  }
  return true;
}

int64_t TailOffset(const std::string& path, int64_t lines) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) {
    if (fd >= 0) close(fd);
    return 0;
  }
  int64_t at = st.st_size, found = 0;
  if (lines == 0) {
    close(fd);
    return at;
  }
  char buffer[65536];
  while (at > 0) {
    const int64_t size = std::min<int64_t>(at, sizeof buffer);
    at -= size;
    if (pread(fd, buffer, static_cast<size_t>(size), at) != size) break;
    for (int64_t i = size - 1; i >= 0; --i) {
      // The very last byte ends the last line and begins none.
      if (buffer[i] == '\n' && at + i != st.st_size - 1 && ++found == lines) {
        close(fd);
        return at + i + 1;
      }
    }
  }
  close(fd);
  return 0;
}

std::vector<std::string> LogFiles(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string dir = path.substr(0, slash), prefix = path.substr(slash + 1) + ".";
  std::vector<std::string> files;
  if (DIR* d = opendir(dir.c_str())) {
    while (dirent* entry = readdir(d)) {
      if (absl::StartsWith(entry->d_name, prefix)) files.push_back(absl::StrCat(dir, "/", entry->d_name));
    }
    closedir(d);
  }
  std::sort(files.begin(), files.end());
  files.push_back(path);
  return files;
}

namespace {

// Reads what is there from the descriptor's position; keeps an unfinished line in `rest`.
bool Drain(int fd, LogFilter* filter, std::string* rest, const std::function<bool(std::string)>& write, bool* limit) {
  std::string chunk(65536, '\0');
  for (;;) {
    const ssize_t n = read(fd, chunk.data(), chunk.size());
    if (n <= 0) return true;
    rest->append(chunk, 0, static_cast<size_t>(n));
    const size_t end = rest->rfind('\n');
    if (end == std::string::npos) continue;
    std::string out;
    *limit = !filter->Feed(absl::string_view(*rest).substr(0, end + 1), &out);
    rest->erase(0, end + 1);
    if (!out.empty() && !write(std::move(out))) return false;
    if (*limit) return false;
  }
}

}  // namespace

absl::Status ReadLog(const std::string& path, const LogQuery& query, const std::function<bool(std::string)>& write,
                     const std::function<bool()>& ended) {
  std::vector<std::string> files = LogFiles(path);
  std::vector<int64_t> offsets(files.size(), 0);
  if (query.tail >= 0) {  // only the last file is looked into: rotation keeps it long
    files = {path};
    offsets = {TailOffset(path, query.tail)};
  }
  LogFilter filter(query);
  std::string rest;
  bool limit = false;
  for (size_t i = 0; i < files.size(); ++i) {
    int fd = open(files[i].c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      if (i + 1 == files.size() && files.size() == 1) return absl::NotFoundError(absl::StrCat("failed to try resolving symlinks in path \"", path, "\": lstat ", path, ": no such file or directory"));
      continue;
    }
    lseek(fd, offsets[i], SEEK_SET);
    const bool last = i + 1 == files.size();
    const int watch = last && query.follow ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1;
    if (watch >= 0) inotify_add_watch(watch, path.substr(0, path.rfind('/')).c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_FROM);
    for (;;) {
      const bool over = !last || !query.follow || ended();  // asked before reading: nothing written later is lost
      if (!Drain(fd, &filter, &rest, write, &limit)) break;
      if (over) break;
      struct stat mine, now;
      if (fstat(fd, &mine) == 0 && stat(path.c_str(), &now) == 0 && mine.st_ino != now.st_ino) {  // rotated
        const int next = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (next >= 0) {
          close(fd);
          fd = next;
          continue;
        }
      }
      pollfd wait = {watch, POLLIN, 0};
      poll(&wait, 1, 500);
      char events[4096];
      while (read(watch, events, sizeof events) > 0) {
      }
      if (!write("")) {
        limit = true;
        break;
      }
    }
    if (watch >= 0) close(watch);
    close(fd);
    if (limit) break;
  }
  return absl::OkStatus();
}

}  // namespace kubelet
