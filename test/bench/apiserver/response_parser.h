// Follows HTTP/1.1 responses byte by byte without keeping their bodies: all a load generator wants to know.
#pragma once
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace bench {

class ResponseParser {
 public:
  // Consumes what belongs to the present response; the rest stays in *bytes. True when the response is complete; the
  // next call begins a new one.
  bool Feed(absl::string_view* bytes);

  int status() const { return status_; }        // of the last complete head; -1: not HTTP
  int64_t body_bytes() const { return body_; }  // of the last response
  bool keep_body = false;                       // then body() has it
  const std::string& body() const { return text_; }

 private:
  enum class At { kHead, kBody, kChunkHead, kChunk, kChunkEnd, kTrailer };
  bool Line(absl::string_view* bytes);  // a whole line is in line_
  bool Take(absl::string_view* bytes);  // left_ body bytes are through
  void Head();

  At at_ = At::kHead;
  bool fresh_ = true, chunked_ = false;
  int status_ = 0;
  int64_t left_ = 0, body_ = 0;
  std::string line_, head_, text_;
};

}  // namespace bench
