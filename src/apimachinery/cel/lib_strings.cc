// The strings extension, version 2: charAt, indexOf, join, replace, split, substring, trim, format, quote, ...
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "apimachinery/cel/format_string.h"
#include "apimachinery/cel/function.h"
#include "apimachinery/cel/source.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;
using Runes = std::vector<char32_t>;

Runes RunesOf(const Val& v) { return Source(v.text()).runes(); }

std::string TextOf(const Runes& runes, size_t begin, size_t end) {
  std::string out;
  for (size_t i = begin; i < end; ++i) AppendRune(runes[i], &out);
  return out;
}

Val OutOfRange(int64_t index) { return Val::Error(absl::StrCat("index out of range: ", index)); }

Val CharAt(Args args) {
  const Runes runes = RunesOf(args[0]);
  const int64_t at = args[1].as_int(), size = static_cast<int64_t>(runes.size());
  if (at < 0 || at > size) return OutOfRange(at);
  return Val::String(at == size ? "" : TextOf(runes, at, at + 1));
}

bool SameAt(const Runes& text, const Runes& part, size_t at) {
  return std::equal(part.begin(), part.end(), text.begin() + static_cast<std::ptrdiff_t>(at));
}

Val IndexOf(Args args) {
  const Runes text = RunesOf(args[0]), part = RunesOf(args[1]);
  const int64_t from = args.size() > 2 ? args[2].as_int() : 0;
  if (part.empty()) return Val::Int(from);
  if (from < 0) return OutOfRange(from);
  for (size_t i = static_cast<size_t>(from); i + part.size() <= text.size(); ++i) {
    if (SameAt(text, part, i)) return Val::Int(static_cast<int64_t>(i));
  }
  return Val::Int(-1);
}

Val LastIndexOf(Args args) {
  const Runes text = RunesOf(args[0]), part = RunesOf(args[1]);
  const int64_t size = static_cast<int64_t>(text.size()), length = static_cast<int64_t>(part.size());
  if (args.size() == 2) {
    if (part.empty()) return Val::Int(size);
    if (args[0].text().size() < args[1].text().size()) return Val::Int(-1);
  }
  int64_t from = args.size() > 2 ? args[2].as_int() : size - 1;
  if (part.empty()) return Val::Int(from);
  if (from < 0) return OutOfRange(from);
  if (from >= size) return Val::Int(-1);
  for (int64_t i = std::min(from, size - length); i >= 0; --i) {
    if (SameAt(text, part, static_cast<size_t>(i))) return Val::Int(i);
  }
  return Val::Int(-1);
}

template <char (*kMap)(unsigned char)>
Val MapAscii(Args args) {
  std::string text(args[0].text());
  for (char& c : text) c = kMap(static_cast<unsigned char>(c));
  return Val::String(std::move(text));
}
char Lower(unsigned char c) { return absl::ascii_tolower(c); }
char Upper(unsigned char c) { return absl::ascii_toupper(c); }

// Past the code point that starts at `at`.
size_t NextRune(absl::string_view text, size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return at;
}

// Go's strings.Replace: an empty `old` matches before every code point and at the end.
Val Replace(Args args) {
  const absl::string_view text = args[0].text(), old = args[1].text(), fresh = args[2].text();
  int64_t left = args.size() > 3 ? args[3].as_int() : -1;
  std::string out;
  size_t at = 0;
  if (old.empty()) {
    for (; left != 0; --left) {
      absl::StrAppend(&out, fresh);
      if (at >= text.size()) break;
      const size_t next = NextRune(text, at);
      absl::StrAppend(&out, text.substr(at, next - at));
      at = next;
    }
  } else {
    for (; left != 0; --left) {
      const size_t found = text.find(old, at);
      if (found == absl::string_view::npos) break;
      absl::StrAppend(&out, text.substr(at, found - at), fresh);
      at = found + old.size();
    }
  }
  absl::StrAppend(&out, text.substr(std::min(at, text.size())));
  return Val::String(std::move(out));
}

// Go's strings.SplitN.
Val Split(Args args) {
  const absl::string_view text = args[0].text(), separator = args[1].text();
  const int64_t limit = args.size() > 2 ? args[2].as_int() : -1;
  std::vector<Val> parts;
  if (limit == 0) return Val::ListOf({});
  size_t at = 0;
  const auto full = [&] { return limit > 0 && static_cast<int64_t>(parts.size()) + 1 >= limit; };
  if (separator.empty()) {
    while (at < text.size() && !full()) {
      const size_t next = NextRune(text, at);
      parts.push_back(Val::String(std::string(text.substr(at, next - at))));
      at = next;
    }
    if (at < text.size()) parts.push_back(Val::String(std::string(text.substr(at))));
    return Val::ListOf(std::move(parts));
  }
  while (!full()) {
    const size_t found = text.find(separator, at);
    if (found == absl::string_view::npos) break;
    parts.push_back(Val::String(std::string(text.substr(at, found - at))));
    at = found + separator.size();
  }
  parts.push_back(Val::String(std::string(text.substr(at))));
  return Val::ListOf(std::move(parts));
}

Val Substring(Args args) {
  const Runes runes = RunesOf(args[0]);
  const int64_t size = static_cast<int64_t>(runes.size()), start = args[1].as_int();
  const int64_t end = args.size() > 2 ? args[2].as_int() : size;
  if (args.size() > 2 && start > end) {
    return Val::Error(absl::StrCat("invalid substring range. start: ", start, ", end: ", end));
  }
  if (start < 0 || start > size) return OutOfRange(start);
  if (end < 0 || end > size) return OutOfRange(end);
  return Val::String(TextOf(runes, start, end));
}

// White space by Unicode, as Go's strings.TrimSpace.
bool IsSpace(char32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

Val Trim(Args args) {
  const Runes runes = RunesOf(args[0]);
  size_t begin = 0, end = runes.size();
  while (begin < end && IsSpace(runes[begin])) ++begin;
  while (end > begin && IsSpace(runes[end - 1])) --end;
  return Val::String(TextOf(runes, begin, end));
}

Val Join(Args args) {
  const List& list = args[0].list();
  std::string out;
  for (size_t i = 0; i < list.size(); ++i) {
    const Val element = list.at(i);
    if (element.is_error()) return element;
    if (!element.is(Kind::kString)) return Val::Error(absl::StrCat("join: invalid input: ", GoPrint(element)));
    absl::StrAppend(&out, i > 0 && args.size() > 1 ? args[1].text() : "", element.text());
  }
  return Val::String(std::move(out));
}

Val Quote(Args args) {
  return Val::String(absl::StrCat("\"",
                                  absl::StrReplaceAll(args[0].text(), {{"\a", "\\a"}, {"\b", "\\b"}, {"\f", "\\f"},
                                                                       {"\n", "\\n"}, {"\r", "\\r"}, {"\t", "\\t"},
                                                                       {"\v", "\\v"}, {"\\", "\\\\"}, {"\"", "\\\""}}),
                                  "\""));
}

Val Format(Args args) { return FormatString(args[0].text(), args[1].list()); }

}  // namespace

absl::Span<const OverloadRow> StringFunctions() {
  static constexpr OverloadRow kRows[] = {
      {"charAt", "string_char_at_int", "string.(int) -> string", CharAt},
      {"indexOf", "string_index_of_string", "string.(string) -> int", IndexOf},
      {"indexOf", "string_index_of_string_int", "string.(string, int) -> int", IndexOf},
      {"lastIndexOf", "string_last_index_of_string", "string.(string) -> int", LastIndexOf},
      {"lastIndexOf", "string_last_index_of_string_int", "string.(string, int) -> int", LastIndexOf},
      {"lowerAscii", "string_lower_ascii", "string.() -> string", MapAscii<Lower>},
      {"replace", "string_replace_string_string", "string.(string, string) -> string", Replace},
      {"replace", "string_replace_string_string_int", "string.(string, string, int) -> string", Replace},
      {"split", "string_split_string", "string.(string) -> list(string)", Split},
      {"split", "string_split_string_int", "string.(string, int) -> list(string)", Split},
      {"substring", "string_substring_int", "string.(int) -> string", Substring},
      {"substring", "string_substring_int_int", "string.(int, int) -> string", Substring},
      {"trim", "string_trim", "string.() -> string", Trim},
      {"upperAscii", "string_upper_ascii", "string.() -> string", MapAscii<Upper>},
      {"format", "string_format", "string.(list(dyn)) -> string", Format},
      {"strings.quote", "strings_quote", "(string) -> string", Quote},
      {"join", "list_join", "list(string).() -> string", Join},
      {"join", "list_join_string", "list(string).(string) -> string", Join},
  };
  return kRows;
}

}  // namespace apimachinery::cel
