#include "client/wire.h"

#include "absl/strings/match.h"

namespace client {
namespace {

constexpr absl::string_view kMagic("k8s\0", 4);

bool ReadVarint(absl::string_view& in, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (in.empty()) return false;
    const uint8_t byte = static_cast<uint8_t>(in[0]);
    in.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

void AppendVarint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

}  // namespace

bool NextField(absl::string_view& in, WireField& field) {
  if (in.empty()) return false;
  absl::string_view rest = in;
  uint64_t key = 0;
  if (!ReadVarint(rest, key)) return false;
  field.number = static_cast<int>(key >> 3);
  field.wire_type = static_cast<int>(key & 7);
  field.varint = 0;
  field.bytes = {};
  uint64_t size = 0;
  switch (field.wire_type) {
    case 0:
      if (!ReadVarint(rest, field.varint)) return false;
      break;
    case 1:
    case 5: {
      const size_t width = field.wire_type == 1 ? 8 : 4;
      if (rest.size() < width) return false;
      for (size_t i = width; i-- > 0;) field.varint = field.varint << 8 | static_cast<uint8_t>(rest[i]);
      rest.remove_prefix(width);
      break;
    }
    case 2:
      if (!ReadVarint(rest, size) || size > rest.size()) return false;
      field.bytes = rest.substr(0, size);
      rest.remove_prefix(size);
      break;
    default:
      return false;
  }
  in = rest;
  return true;
}

absl::string_view BytesField(absl::string_view message, int number) {
  WireField field;
  while (NextField(message, field)) {
    if (field.number == number && field.wire_type == 2) return field.bytes;
  }
  return {};
}

void AppendBytesField(std::string& out, int number, absl::string_view value) {
  AppendVarint(out, static_cast<uint64_t>(number) << 3 | 2);
  AppendVarint(out, value.size());
  out.append(value.data(), value.size());
}

bool OpenEnvelope(absl::string_view data, Envelope& envelope) {
  if (!absl::StartsWith(data, kMagic)) return false;
  data.remove_prefix(kMagic.size());
  const absl::string_view type_meta = BytesField(data, 1);
  envelope.api_version = BytesField(type_meta, 1);
  envelope.kind = BytesField(type_meta, 2);
  envelope.raw = BytesField(data, 2);
  return true;
}

std::string SealEnvelope(absl::string_view api_version, absl::string_view kind, absl::string_view raw) {
  std::string type_meta;
  AppendBytesField(type_meta, 1, api_version);
  AppendBytesField(type_meta, 2, kind);
  std::string out(kMagic);
  out.reserve(raw.size() + type_meta.size() + 32);
  AppendBytesField(out, 1, type_meta);
  AppendBytesField(out, 2, raw);
  AppendBytesField(out, 3, "");
  AppendBytesField(out, 4, "");
  return out;
}

}  // namespace client
