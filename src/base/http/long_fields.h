// Beast keeps no header field of 64 KiB or more, and tells so by throwing.
#pragma once
#include <cstddef>
#include <stdexcept>

namespace base::http {

// Feeds a Beast parser; `too_long` is the error when a field is. The parser is of no use after that.
template <typename Parser, typename Buffer, typename ErrorCode, typename Error>
size_t PutInto(Parser& parser, const Buffer& bytes, ErrorCode& ec, Error too_long) {
  try {
    return parser.put(bytes, ec);
  } catch (const std::length_error&) {
    ec = too_long;
    return 0;
  }
}

}  // namespace base::http
