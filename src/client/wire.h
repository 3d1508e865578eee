// Just enough of the protobuf wire format to look into serialized API objects without their classes: envelopes,
// lists and metadata.
#pragma once
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace client {

struct WireField {
  int number = 0;
  int wire_type = 0;         // 0 varint, 1 fixed64, 2 bytes, 5 fixed32
  uint64_t varint = 0;       // wire types 0, 1, 5
  absl::string_view bytes;   // wire type 2
};

// Takes the next field off the front of `in`. False at the end or when malformed (then `in` is not empty).
bool NextField(absl::string_view& in, WireField& field);

// The first occurrence of a bytes field, "" when absent.
absl::string_view BytesField(absl::string_view message, int number);

void AppendBytesField(std::string& out, int number, absl::string_view value);

// `k8s\0` envelopes (runtime.Unknown).
struct Envelope {
  absl::string_view api_version, kind, raw;
};
bool OpenEnvelope(absl::string_view data, Envelope& envelope);  // false: not an envelope
std::string SealEnvelope(absl::string_view api_version, absl::string_view kind, absl::string_view raw);

}  // namespace client
