#include "apimachinery/go_quote.h"

#include "absl/strings/str_format.h"
#include "apimachinery/json_text.h"

namespace apimachinery {

std::string GoQuote(absl::string_view text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const unsigned char c = text[at];
    if (c >= 0x80) {
      const size_t length = json_text::Utf8Length(text.substr(at));
      const absl::string_view rune = text.substr(at, length);
      if (length == 0) {
        absl::StrAppendFormat(&out, "\\x%02x", c);
        ++at;
        continue;
      }
      if (rune == "\xe2\x80\xa8" || rune == "\xe2\x80\xa9") {  // not printable
        out += rune[2] == '\xa8' ? "\\u2028" : "\\u2029";
      } else if (length == 2 && c == 0xc2 && (static_cast<unsigned char>(rune[1]) <= 0xa0 || rune[1] == '\xad')) {
        absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned char>(rune[1]));
      } else if (rune == "\xef\xbb\xbf") {
        out += "\\ufeff";
      } else {
        out.append(rune.data(), rune.size());
      }
      at += length;
      continue;
    }
    ++at;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\a': out += "\\a"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\v': out += "\\v"; break;
      default:
        if (c < 0x20 || c == 0x7f) {
          absl::StrAppendFormat(&out, "\\x%02x", c);
        } else {
          out.push_back(static_cast<char>(c));
        }
    }
  }
  out.push_back('"');
  return out;
}

}  // namespace apimachinery
