#include "kubectl/cli/streams.h"

#include <unistd.h>

#include <cerrno>

namespace kubectl {

void FdWriter::Write(absl::string_view text) {
  buffer_.append(text.data(), text.size());
  if (!buffered_ || buffer_.size() > (64 << 10)) Flush();
}

void FdWriter::Flush() {
  size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t n = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (n < 0) {
      if (errno == EINTR) continue;
      break;  // the reader went away: nobody is left to tell
    }
    done += n;
  }
  buffer_.clear();
}

std::string ReadAll(int fd) {
  std::string all;
  char chunk[16384];
  for (;;) {
    const ssize_t n = ::read(fd, chunk, sizeof(chunk));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return all;
    all.append(chunk, n);
  }
}

}  // namespace kubectl
