// A second reading of refused JSON, state by state as Go's scanner does it, to say what is wrong in its words.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "apimachinery/json_text.h"

namespace apimachinery::json_text {
namespace {

std::string QuoteByte(unsigned char c) {
  switch (c) {
    case '\'': return "'\\''";
    case '"': return "'\"'";
    case '\\': return "'\\\\'";
    case '\a': return "'\\a'";
    case '\b': return "'\\b'";
    case '\f': return "'\\f'";
    case '\n': return "'\\n'";
    case '\r': return "'\\r'";
    case '\t': return "'\\t'";
    case '\v': return "'\\v'";
    default: break;
  }
  if (c < 0x20 || c == 0x7f) return absl::StrFormat("'\\x%02x'", c);
  if (c < 0x7f) return absl::StrCat("'", std::string(1, static_cast<char>(c)), "'");
  if (c < 0xa0 || c == 0xad) return absl::StrFormat("'\\u%04x'", c);  // the byte taken as a code point
  return absl::StrCat("'", std::string{static_cast<char>(0xc0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3f))}, "'");
}

class Scanner {
 public:
  Scanner(absl::string_view text, size_t max_depth) : text_(text), max_depth_(max_depth) {}

  std::string Run() {
    enum class Want { kValue, kValueOrEnd, kKey, kKeyOrEnd, kColon, kCommaOrEnd };
    Want want = Want::kValue;
    std::vector<char> open;
    while (true) {
      SkipSpace();
      if (want == Want::kCommaOrEnd && open.empty()) {
        return at_ == text_.size() ? "" : Bad("after top-level value");
      }
      if (at_ == text_.size()) return kEnd;
      const char c = text_[at_];
      switch (want) {
        case Want::kValueOrEnd:
          if (c == ']') {
            ++at_;
            open.pop_back();
            want = Want::kCommaOrEnd;
            break;
          }
          [[fallthrough]];
        case Want::kValue:
          if (c == '{' || c == '[') {
            if (open.size() >= max_depth_) return Bad("exceeded max depth");
            open.push_back(c);
            ++at_;
            want = c == '{' ? Want::kKeyOrEnd : Want::kValueOrEnd;
            break;
          }
          if (std::string problem = Scalar(c); !problem.empty()) return problem;
          want = Want::kCommaOrEnd;
          break;
        case Want::kKeyOrEnd:
          if (c == '}') {
            ++at_;
            open.pop_back();
            want = Want::kCommaOrEnd;
            break;
          }
          [[fallthrough]];
        case Want::kKey:
          if (c != '"') return Bad("looking for beginning of object key string");
          if (std::string problem = String(); !problem.empty()) return problem;
          want = Want::kColon;
          break;
        case Want::kColon:
          if (c != ':') return Bad("after object key");
          ++at_;
          want = Want::kValue;
          break;
        case Want::kCommaOrEnd:
          if (c == ',') {
            want = open.back() == '{' ? Want::kKey : Want::kValue;
          } else if (c == (open.back() == '{' ? '}' : ']')) {
            open.pop_back();
          } else {
            return Bad(open.back() == '{' ? "after object key:value pair" : "after array element");
          }
          ++at_;
          break;
      }
    }
  }

 private:
  static constexpr char kEnd[] = "unexpected end of JSON input";

  std::string Bad(absl::string_view context) const {
    const char c = at_ < text_.size() ? text_[at_] : ' ';  // the end is told to a literal or number as a space
    return absl::StrCat("invalid character ", QuoteByte(c), " ", context);
  }
  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool Digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }
  bool Is(absl::string_view any) const { return at_ < text_.size() && any.find(text_[at_]) != absl::string_view::npos; }

  std::string Scalar(char c) {
    if (c == '"') return String();
    if (c == '-' || (c >= '0' && c <= '9')) return Number();
    if (c == 't') return Literal("true");
    if (c == 'f') return Literal("false");
    if (c == 'n') return Literal("null");
    return Bad("looking for beginning of value");
  }
  std::string Literal(absl::string_view word) {
    for (size_t i = 0; i < word.size(); ++i, ++at_) {
      if (at_ >= text_.size() || text_[at_] != word[i]) {
        return Bad(absl::StrCat("in literal ", word, " (expecting '", word.substr(i, 1), "')"));
      }
    }
    return "";
  }
  std::string Number() {
    if (text_[at_] == '-') {
      ++at_;
      if (!Digit()) return Bad("in numeric literal");
    }
    if (text_[at_] == '0') {
      ++at_;
    } else {
      while (Digit()) ++at_;
    }
    if (Is(".")) {
      ++at_;
      if (!Digit()) return Bad("after decimal point in numeric literal");
      while (Digit()) ++at_;
    }
    if (Is("eE")) {
      ++at_;
      if (Is("+-")) ++at_;
      if (!Digit()) return Bad("in exponent of numeric literal");
      while (Digit()) ++at_;
    }
    return "";
  }
  std::string String() {
    for (++at_; at_ < text_.size(); ++at_) {
      const unsigned char c = text_[at_];
      if (c == '"') {
        ++at_;
        return "";
      }
      if (c < 0x20) return Bad("in string literal");
      if (c != '\\') continue;
      ++at_;
      if (!Is("bfnrt\\/\"u")) return Bad("in string escape code");
      if (text_[at_] != 'u') continue;
      for (int i = 0; i < 4; ++i) {
        ++at_;
        if (!Is("0123456789abcdefABCDEF")) return Bad("in \\u hexadecimal character escape");
      }
    }
    return kEnd;
  }

  absl::string_view text_;
  size_t max_depth_;
  size_t at_ = 0;
};

int HexAt(absl::string_view text, size_t at) {
  int value = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

}  // namespace

std::string Diagnose(absl::string_view json, size_t max_depth) { return Scanner(json, max_depth).Run(); }

size_t Utf8Length(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const unsigned char c = byte(0);
  if (c < 0x80) return 1;
  if (c >= 0xc2 && c <= 0xdf) return tail(1) ? 2 : 0;
  if (c >= 0xe0 && c <= 0xef) {
    if (!tail(1) || !tail(2)) return 0;
    if (c == 0xe0 && byte(1) < 0xa0) return 0;
    return c == 0xed && byte(1) > 0x9f ? 0 : 3;
  }
  if (c >= 0xf0 && c <= 0xf4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (c == 0xf0 && byte(1) < 0x90) return 0;
    return c == 0xf4 && byte(1) > 0x8f ? 0 : 4;
  }
  return 0;
}

bool IsValidUtf8(absl::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const size_t length = Utf8Length(text.substr(at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string ReplaceInvalidUtf8(absl::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(text.substr(at));
    if (length == 0) {
      out += "\xef\xbf\xbd";
      ++at;
    } else {
      out.append(text.data() + at, length);
      at += length;
    }
  }
  return out;
}

void ReplaceLoneSurrogates(std::string* json) {
  size_t at = json->find('\\');
  while (at != std::string::npos && at + 1 < json->size()) {
    if ((*json)[at + 1] != 'u') {
      at = json->find('\\', at + 2);
      continue;
    }
    if (at + 6 > json->size()) return;
    const int unit = HexAt(*json, at + 2);
    const bool high = unit >= 0xd800 && unit <= 0xdbff;
    if (high && at + 12 <= json->size() && (*json)[at + 6] == '\\' && (*json)[at + 7] == 'u') {
      const int low = HexAt(*json, at + 8);
      if (low >= 0xdc00 && low <= 0xdfff) {
        at = json->find('\\', at + 12);
        continue;
      }
    }
    if (unit >= 0xd800 && unit <= 0xdfff) json->replace(at, 6, "\\ufffd");
    at = json->find('\\', at + 6);
  }
}

}  // namespace apimachinery::json_text
