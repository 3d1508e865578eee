// Protobuf's wire primitives: a reader over bytes and a writer that goes from the end to the front, so that lengths
// are known when they are written. Used by the codec.
#pragma once
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace apimachinery::wire {

enum Type : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// One field occurrence.
struct Token {
  uint32_t number = 0;
  Type type = kVarint;
  uint64_t scalar = 0;      // kVarint, kFixed64, kFixed32
  absl::string_view bytes;  // kBytes
};

class Reader {
 public:
  explicit Reader(absl::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // False at the end and on damage; ok() tells which.
  [[gnu::always_inline]] bool Next(Token* token) {
    if (at_ == end_) return false;
    uint64_t tag;
    if (!Varint(&tag) || tag >> 3 == 0 || tag >> 32 != 0) return Fail();
    token->number = static_cast<uint32_t>(tag >> 3);
    token->type = static_cast<Type>(tag & 7);
    switch (token->type) {
      case kVarint: return Varint(&token->scalar) || Fail();
      case kBytes: {
        uint64_t size;
        if (!Varint(&size) || size > static_cast<uint64_t>(end_ - at_)) return Fail();
        token->bytes = absl::string_view(at_, size);
        at_ += size;
        return true;
      }
      case kFixed64: return Fixed(8, &token->scalar) || Fail();
      case kFixed32: return Fixed(4, &token->scalar) || Fail();
      default: return Fail();  // groups
    }
  }
  [[gnu::always_inline]] bool Varint(uint64_t* value) {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) {
      *value = static_cast<unsigned char>(*at_++);
      return true;
    }
    return LongVarint(value);
  }
  bool ok() const { return ok_; }
  bool done() const { return at_ == end_; }

 private:
  [[gnu::noinline]] bool LongVarint(uint64_t* value) {
    *value = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const uint64_t byte = static_cast<unsigned char>(*at_++);
      *value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool Fixed(size_t size, uint64_t* value) {
    if (static_cast<size_t>(end_ - at_) < size) return false;
    *value = 0;
    std::memcpy(value, at_, size);  // little-endian, as every machine we build for
    at_ += size;
    return true;
  }
  bool Fail() {
    ok_ = false;
    at_ = end_;
    return false;
  }
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

// Everything is put before what is already there.
class ReverseWriter {
 public:
  void Bytes(absl::string_view bytes) {
    Reserve(bytes.size());
    at_ -= bytes.size();
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
  }
  void Varint(uint64_t value) {
    Reserve(10);
    int size = 1;
    for (uint64_t rest = value; rest >= 0x80; rest >>= 7) ++size;
    at_ -= size;
    char* to = at_;
    while (value >= 0x80) {
      *to++ = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *to = static_cast<char>(value);
  }
  void Fixed64(uint64_t value) { Bytes(absl::string_view(reinterpret_cast<const char*>(&value), 8)); }
  void Tag(uint32_t number, Type type) { Varint(uint64_t{number} << 3 | type); }
  // Closes what was written since size() was `mark` as a length-delimited field.
  void Close(uint32_t number, size_t mark) {
    Varint(size() - mark);
    Tag(number, kBytes);
  }
  void String(uint32_t number, absl::string_view text) {
    Bytes(text);
    Varint(text.size());
    Tag(number, kBytes);
  }
  void Int(uint32_t number, int64_t value) {
    Varint(static_cast<uint64_t>(value));
    Tag(number, kVarint);
  }
  size_t size() const { return static_cast<size_t>(end_ - at_); }
  absl::string_view view() const { return absl::string_view(at_, size()); }
  void Clear() { at_ = end_; }
  size_t capacity() const { return static_cast<size_t>(end_ - buffer_.get()); }

 private:
  void Reserve(size_t n) {
    if (static_cast<size_t>(at_ - buffer_.get()) < n) Grow(n);
  }
  void Grow(size_t n) {
    const size_t used = size();
    size_t wanted = capacity() * 2 + 512;
    while (wanted < used + n) wanted *= 2;
    std::unique_ptr<char[]> larger(new char[wanted]);
    if (used > 0) std::memcpy(larger.get() + wanted - used, at_, used);
    buffer_ = std::move(larger);
    end_ = buffer_.get() + wanted;
    at_ = end_ - used;
  }
  std::unique_ptr<char[]> buffer_;
  char* end_ = nullptr;
  char* at_ = nullptr;
};

}  // namespace apimachinery::wire
