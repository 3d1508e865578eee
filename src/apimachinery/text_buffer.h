// Where the transcoder prints: raw memory that is used again and again, so that a character costs a store. One thread.
#pragma once
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "absl/strings/string_view.h"
#include "apimachinery/json.h"

namespace apimachinery {

class TextBuffer {
 public:
  void Clear() { at_ = begin_.get(); }
  size_t size() const { return static_cast<size_t>(at_ - begin_.get()); }
  size_t capacity() const { return static_cast<size_t>(end_ - begin_.get()); }
  absl::string_view view(size_t from = 0) const { return absl::string_view(begin_.get() + from, size() - from); }
  void Shrink(size_t size) { at_ = begin_.get() + size; }
  char& back() { return at_[-1]; }

  void Put(char c) {
    Reserve(1);
    *at_++ = c;
  }
  void Append(absl::string_view text) {
    Reserve(text.size());
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void Int(int64_t number) {
    Reserve(24);
    at_ = std::to_chars(at_, at_ + 24, number).ptr;
  }
  // As AppendJsonString: checked while it is copied, and done again the careful way when something has to be escaped.
  void JsonString(absl::string_view text) {
    Reserve(text.size() + 2 + kBlock);
    char* to = at_;
    *to++ = '"';
    const char* from = text.data();
    const char* const end = from + text.size();
#ifdef __SSE2__
    while (end - from >= static_cast<ptrdiff_t>(kBlock)) {
      const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
      if (Special(block) != 0) return Escaped(text);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), block);
      from += kBlock;
      to += kBlock;
    }
#endif
    for (; from != end; ++from) {
      const auto c = static_cast<unsigned char>(*from);
      if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&') return Escaped(text);
      *to++ = *from;
    }
    *to++ = '"';
    at_ = to;
  }
  // For printers that know strings only.
  template <typename Print>
  void Through(Print print) {
    spare_.clear();
    print(&spare_);
    Append(spare_);
  }

#ifdef __SSE2__
  // Which bytes of a block are control characters, not ASCII, or one of "\<>&.
  static int Special(__m128i block) {
    __m128i bad = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));  // signed: non-ASCII too
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(block, _mm_set1_epi8('"')));
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(_mm_and_si128(block, _mm_set1_epi8(static_cast<char>(0xfd))),
                                           _mm_set1_epi8('<')));  // '<' and '>' differ in one bit
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(block, _mm_set1_epi8('&')));
    return _mm_movemask_epi8(bad);
  }
#endif

 private:
  static constexpr size_t kBlock = 16;

  void Escaped(absl::string_view text) {
    Through([text](std::string* out) { AppendJsonString(text, out); });
  }
  void Reserve(size_t n) {
    if (static_cast<size_t>(end_ - at_) < n) Grow(n);
  }
  void Grow(size_t n) {
    const size_t used = size();
    size_t wanted = capacity() * 2 + 4096;
    while (wanted < used + n) wanted *= 2;
    std::unique_ptr<char[]> larger(new char[wanted]);
    if (used > 0) std::memcpy(larger.get(), begin_.get(), used);
    begin_ = std::move(larger);
    at_ = begin_.get() + used;
    end_ = begin_.get() + wanted;
  }

  std::unique_ptr<char[]> begin_;
  char* at_ = nullptr;
  char* end_ = nullptr;
  std::string spare_;
};

}  // namespace apimachinery
