// Writes a container's output in the CRI log format, one `TIME STREAM F|P line` per line, and rotates the file.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace kubelet {

class LogWriter {
 public:
  // No path: output is dropped.
  LogWriter(std::string path, int64_t max_bytes, int max_files);
  ~LogWriter();
  // Appends the lines of `data`; an unfinished line waits for its end, or goes out tagged P at 16 KiB.
  void Write(int stream, const char* data, size_t size);  // stream: 1 stdout, 2 stderr
  void Flush();                                           // writes unfinished lines, tagged F

 private:
  void Line(int stream, const char* data, size_t size, bool whole, std::string* out);
  void Append(const std::string& text);
  void Rotate();

  const std::string path_;
  const int64_t max_bytes_;
  const int max_files_;
  int fd_ = -1;
  int64_t size_ = 0;
  std::string partial_[3];
};

}  // namespace kubelet
