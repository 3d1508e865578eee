#include "apiserver/validation/go_text.h"

namespace apiserver::validation {
namespace {

struct Range {
  uint32_t first, last;
};
// Controls, separators, format characters, surrogates, private use and noncharacters (Unicode 15 categories Cc, Cf, Cs,
// Co, Zl, Zp and all of Zs but the blank).
constexpr Range kUnprintable[] = {
    {0x0000, 0x001f}, {0x007f, 0x00a0},   {0x00ad, 0x00ad},     {0x0600, 0x0605},   {0x061c, 0x061c},
    {0x06dd, 0x06dd}, {0x070f, 0x070f},   {0x0890, 0x0891},     {0x08e2, 0x08e2},   {0x1680, 0x1680},
    {0x180e, 0x180e}, {0x2000, 0x200f},   {0x2028, 0x202f},     {0x205f, 0x206f},   {0x3000, 0x3000},
    {0xd800, 0xf8ff}, {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},     {0xfff0, 0xfffb},   {0xfffe, 0xffff},
    {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0001, 0xe0001}, {0xe0020, 0xe007f}, {0xf0000, 0x10ffff},
};

// The rune at `at`, and its length. Text that was read from JSON is valid UTF-8.
uint32_t Rune(absl::string_view text, size_t at, size_t* length) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const uint32_t first = byte(at);
  *length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (*length == 1) return first;
  uint32_t rune = first & (0x7f >> *length);
  for (size_t i = 1; i < *length; ++i) rune = rune << 6 | (byte(at + i) & 0x3f);
  return rune;
}

}  // namespace

int64_t FirstUnprintable(absl::string_view text) {
  size_t length = 0;
  for (size_t at = 0; at < text.size(); at += length) {
    const uint32_t rune = Rune(text, at, &length);
    for (const Range& range : kUnprintable) {
      if (rune >= range.first && rune <= range.last) return static_cast<int64_t>(at);
    }
  }
  return -1;
}

}  // namespace apiserver::validation
