// Compressed answers: gzip, in one piece or as they are made. Pure; one thread at a time.
#pragma once
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace apiserver::http {

inline constexpr int kFastGzip = 1;     // for objects, as upstream
inline constexpr int kUsualGzip = 6;    // for documents that are compressed once
inline constexpr size_t kGzipFrom = 128 << 10;  // objects and lists larger than this are compressed for who wants it

class GzipStream {
 public:
  explicit GzipStream(int level);
  ~GzipStream();

  // Takes `bytes` in and answers what is ready to be sent; with `last` also the end.
  std::string Add(absl::string_view bytes, bool last);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string Gzip(absl::string_view bytes, int level);

}  // namespace apiserver::http
