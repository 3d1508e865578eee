#include "apimachinery/cel/source.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace apimachinery::cel {
namespace {

constexpr size_t kMaxErrors = 100;
constexpr size_t kMaxSnippet = 16384;
constexpr char32_t kReplacement = 0xFFFD;

// One code point; invalid bytes count one each, as in Go.
char32_t Decode(absl::string_view text, size_t* at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(*at);
  if (first < 0x80) {
    ++*at;
    return first;
  }
  const int length = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || first >= 0xF5 || *at + length > text.size()) {
    ++*at;
    return kReplacement;
  }
  char32_t rune = first & (0x7F >> length);
  for (int i = 1; i < length; ++i) {
    if ((byte(*at + i) & 0xC0) != 0x80) {
      ++*at;
      return kReplacement;
    }
    rune = rune << 6 | (byte(*at + i) & 0x3F);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (rune < kLeast[length] || rune > 0x10FFFF || (rune >= 0xD800 && rune < 0xE000)) {
    ++*at;
    return kReplacement;
  }
  *at += length;
  return rune;
}

}  // namespace

void AppendRune(char32_t rune, std::string* out) {
  if (rune < 0x80) {
    out->push_back(static_cast<char>(rune));
  } else if (rune < 0x800) {
    out->push_back(static_cast<char>(0xC0 | rune >> 6));
    out->push_back(static_cast<char>(0x80 | (rune & 0x3F)));
  } else if (rune < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | rune >> 12));
    out->push_back(static_cast<char>(0x80 | (rune >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (rune & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | rune >> 18));
    out->push_back(static_cast<char>(0x80 | (rune >> 12 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (rune >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (rune & 0x3F)));
  }
}

Source::Source(absl::string_view text) : line_starts_{0} {
  runes_.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    runes_.push_back(Decode(text, &at));
    if (runes_.back() == '\n') line_starts_.push_back(static_cast<int>(runes_.size()));
  }
}

std::string Source::Text(int begin, int end) const {
  std::string out;
  for (int i = std::max(begin, 0); i < end && i < static_cast<int>(runes_.size()); ++i) AppendRune(runes_[i], &out);
  return out;
}

int Source::Line(int offset) const {
  return static_cast<int>(std::upper_bound(line_starts_.begin(), line_starts_.end(), offset) - line_starts_.begin());
}

int Source::Column(int offset) const { return offset - line_starts_[Line(offset) - 1]; }

std::string Source::LineText(int line) const {
  const int begin = line_starts_[line - 1];
  const int end = line < static_cast<int>(line_starts_.size()) ? line_starts_[line] - 1 : static_cast<int>(runes_.size());
  return Text(begin, end);
}

std::string Errors::ToString(const Source& source) const {
  std::vector<const Entry*> sorted;
  for (const Entry& entry : errors_) {
    if (sorted.size() == kMaxErrors) break;
    sorted.push_back(&entry);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) { return a->offset < b->offset; });
  std::string out;
  for (const Entry* entry : sorted) {
    if (!out.empty()) out += '\n';
    if (entry->offset == kNowhere) {
      absl::StrAppend(&out, "ERROR: <input>:-1:0: ", entry->message);
      continue;
    }
    const int line = source.Line(entry->offset), column = source.Column(entry->offset);
    const int shown = source.runes().empty() ? 0 : column + 1;  // nothing at all has no first column
    absl::StrAppend(&out, "ERROR: <input>:", line, ":", shown, ": ", entry->message);
    std::string snippet = source.LineText(line);
    if (source.runes().empty() || snippet.size() > kMaxSnippet) continue;
    std::replace(snippet.begin(), snippet.end(), '\t', ' ');
    absl::StrAppend(&out, "\n | ", snippet, "\n | ");
    const int begin = entry->offset - column, size = static_cast<int>(source.runes().size());
    const auto wide = [&](int i) { return i < size && source.runes()[i] >= 0x80; };
    for (int i = 0; i < column && begin + i < size; ++i) out += wide(begin + i) ? "\xEF\xBC\x8E" : ".";
    out += wide(entry->offset) ? "\xEF\xBC\xBE" : "^";
  }
  if (errors_.size() > kMaxErrors) absl::StrAppend(&out, "\n", errors_.size() - kMaxErrors, " more errors were truncated");
  return out;
}

}  // namespace apimachinery::cel
