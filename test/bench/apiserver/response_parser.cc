#include "response_parser.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace bench {

bool ResponseParser::Line(absl::string_view* bytes) {
  const size_t end = bytes->find('\n');
  const absl::string_view piece = bytes->substr(0, end == absl::string_view::npos ? end : end + 1);
  line_.append(piece.data(), piece.size());
  bytes->remove_prefix(piece.size());
  if (end == absl::string_view::npos) return false;
  while (!line_.empty() && (line_.back() == '\n' || line_.back() == '\r')) line_.pop_back();
  return true;
}

bool ResponseParser::Take(absl::string_view* bytes) {
  const int64_t now = std::min<int64_t>(left_, static_cast<int64_t>(bytes->size()));
  if (keep_body) text_.append(bytes->data(), static_cast<size_t>(now));
  bytes->remove_prefix(static_cast<size_t>(now));
  body_ += now;
  left_ -= now;
  return left_ == 0;
}

void ResponseParser::Head() {
  chunked_ = true;
  left_ = 0;
  if (line_.size() < 12 || !absl::SimpleAtoi(absl::string_view(line_).substr(9, 3), &status_)) status_ = -1;
}

bool ResponseParser::Feed(absl::string_view* bytes) {
  while (!bytes->empty()) {
    switch (at_) {
      case At::kHead:
        if (!Line(bytes)) return false;
        if (fresh_) {
          Head();
          fresh_ = false;
          body_ = 0;
          text_.clear();
        } else if (line_.empty()) {
          at_ = chunked_ ? At::kChunkHead : At::kBody;
          fresh_ = true;
          if (at_ == At::kBody && left_ == 0) {
            at_ = At::kHead;
            return true;
          }
        } else if (absl::StartsWithIgnoreCase(line_, "content-length:")) {
          chunked_ = false;
          if (!absl::SimpleAtoi(absl::StripAsciiWhitespace(absl::string_view(line_).substr(15)), &left_)) status_ = -1;
        }
        line_.clear();
        break;
      case At::kBody:
        if (!Take(bytes)) return false;
        at_ = At::kHead;
        return true;
      case At::kChunkHead: {
        if (!Line(bytes)) return false;
        uint64_t size = 0;
        if (!absl::SimpleHexAtoi(absl::StrCat("0x", line_), &size)) status_ = -1;
        line_.clear();
        left_ = static_cast<int64_t>(size);
        at_ = size == 0 ? At::kTrailer : At::kChunk;
        break;
      }
      case At::kChunk:
        if (!Take(bytes)) return false;
        at_ = At::kChunkEnd;
        break;
      case At::kChunkEnd:
        if (!Line(bytes)) return false;
        line_.clear();
        at_ = At::kChunkHead;
        break;
      case At::kTrailer: {
        if (!Line(bytes)) return false;
        const bool end = line_.empty();
        line_.clear();
        if (!end) break;
        at_ = At::kHead;
        return true;
      }
    }
  }
  return false;
}

}  // namespace bench
