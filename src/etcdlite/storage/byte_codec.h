// Fixed-width and varint integers in byte strings, for everything we persist ourselves.
#pragma once
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace etcdlite::storage {

void AppendFixed32(uint32_t value, std::string* out);  // little endian
void AppendFixed64(uint64_t value, std::string* out);
void AppendBig64(uint64_t value, std::string* out);    // big endian: sorts as the number does
void AppendVarint(uint64_t value, std::string* out);
void AppendBytes(absl::string_view bytes, std::string* out);  // varint length, then the bytes

uint32_t LoadFixed32(const char* p);
uint64_t LoadFixed64(const char* p);
uint64_t LoadBig64(const char* p);

// Reads from the front of a byte string. After a read past the end ok() is false and reads give zero.
class ByteReader {
 public:
  explicit ByteReader(absl::string_view bytes) : rest_(bytes) {}
  uint32_t Fixed32();
  uint64_t Fixed64();
  uint64_t Varint();
  absl::string_view Bytes();          // as AppendBytes wrote it
  absl::string_view Take(size_t n);
  bool ok() const { return ok_; }
  bool done() const { return rest_.empty(); }
  absl::string_view rest() const { return rest_; }

 private:
  absl::string_view rest_;
  bool ok_ = true;
};

}  // namespace etcdlite::storage
