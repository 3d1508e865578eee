// Where a command reads and writes: the process's standard streams, or strings in a test.
// Not thread-safe: the watch and log fan-in code serializes its writes.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace kubectl {

class Writer {
 public:
  virtual ~Writer() = default;
  virtual void Write(absl::string_view text) = 0;
  virtual void Flush() {}
};

class StringWriter : public Writer {
 public:
  void Write(absl::string_view text) override { text_.append(text.data(), text.size()); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Buffers up to 64 KiB; the destructor flushes. Does not own the descriptor.
class FdWriter : public Writer {
 public:
  FdWriter(int fd, bool buffered) : fd_(fd), buffered_(buffered) {}
  ~FdWriter() override { Flush(); }
  void Write(absl::string_view text) override;
  void Flush() override;

 private:
  const int fd_;
  const bool buffered_;
  std::string buffer_;
};

struct Streams {
  Writer* out;
  Writer* err;
  int in_fd = 0;

  void Out(absl::string_view text) { out->Write(text); }
  void Err(absl::string_view text) { err->Write(text); }
};

// All bytes of a descriptor.
std::string ReadAll(int fd);

}  // namespace kubectl
