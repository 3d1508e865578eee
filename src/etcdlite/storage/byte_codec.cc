#include "etcdlite/storage/byte_codec.h"

#include <cstring>

namespace etcdlite::storage {

void AppendFixed32(uint32_t value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);  // all our machines are little endian
}

void AppendFixed64(uint64_t value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

void AppendBig64(uint64_t value, std::string* out) { AppendFixed64(__builtin_bswap64(value), out); }

void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

void AppendBytes(absl::string_view bytes, std::string* out) {
  AppendVarint(bytes.size(), out);
  out->append(bytes.data(), bytes.size());
}

uint32_t LoadFixed32(const char* p) {
  uint32_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

uint64_t LoadFixed64(const char* p) {
  uint64_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

uint64_t LoadBig64(const char* p) { return __builtin_bswap64(LoadFixed64(p)); }

absl::string_view ByteReader::Take(size_t n) {
  if (n > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const absl::string_view taken = rest_.substr(0, n);
  rest_.remove_prefix(n);
  return taken;
}

uint32_t ByteReader::Fixed32() {
  const absl::string_view raw = Take(4);
  return raw.empty() ? 0 : LoadFixed32(raw.data());
}

uint64_t ByteReader::Fixed64() {
  const absl::string_view raw = Take(8);
  return raw.empty() ? 0 : LoadFixed64(raw.data());
}

uint64_t ByteReader::Varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const absl::string_view raw = Take(1);
    if (raw.empty()) return 0;
    const uint8_t byte = static_cast<uint8_t>(raw[0]);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  ok_ = false;
  return 0;
}

absl::string_view ByteReader::Bytes() { return Take(Varint()); }

}  // namespace etcdlite::storage
