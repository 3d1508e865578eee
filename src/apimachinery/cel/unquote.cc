#include "apimachinery/cel/unquote.h"

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "apimachinery/cel/source.h"

namespace apimachinery::cel {
namespace {

bool ValidRune(char32_t rune) { return rune < 0xD800 || (rune >= 0xE000 && rune <= 0x10FFFF); }

int Digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c - 'A' + 10;
}

char Simple(char c) {
  switch (c) {
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    default: return c;  // quotes, backslash, question mark
  }
}

}  // namespace

// The lexer has seen to it that quotes match and that escape sequences are complete.
bool Unquote(absl::string_view literal, bool bytes, std::string* out, std::string* problem) {
  if (bytes) literal.remove_prefix(1);
  const bool raw = literal[0] == 'r' || literal[0] == 'R';
  if (raw) literal.remove_prefix(1);
  const size_t quotes = literal.size() >= 6 && (absl::StartsWith(literal, "'''") || absl::StartsWith(literal, "\"\"\"")) ? 3 : 1;
  literal = literal.substr(quotes, literal.size() - 2 * quotes);
  const std::string text = absl::StrReplaceAll(literal, {{"\r\n", "\n"}, {"\r", "\n"}});
  out->clear();
  if (raw) {
    *out = text;
    return true;
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out->push_back(text[i]);
      continue;
    }
    const char c = text[++i];
    const bool octal = c >= '0' && c <= '3';
    const int digits = octal ? 2 : c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0) {
      out->push_back(Simple(c));
      continue;
    }
    if (bytes && digits >= 4) {
      *problem = "unable to unescape string";
      return false;
    }
    char32_t rune = octal ? c - '0' : 0;
    for (int k = 0; k < digits; ++k) rune = rune * (octal ? 8 : 16) + Digit(text[++i]);
    if (bytes) {
      out->push_back(static_cast<char>(rune));
    } else if (!ValidRune(rune)) {
      *problem = "invalid unicode code point";
      return false;
    } else {
      AppendRune(rune, out);
    }
  }
  return true;
}

}  // namespace apimachinery::cel
