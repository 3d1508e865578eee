// JSON text: what parses prints to something that parses to the same; what decodes as a type survives both encodings.
#include <cstdint>
#include <cstdlib>

#include "apimachinery/codec.h"
#include "apimachinery/json.h"

using namespace apimachinery;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  absl::StatusOr<Value> value = ParseJson(text);
  if (!value.ok() && value.status().message().empty()) abort();
  if (value.ok()) {
    absl::StatusOr<Value> again = ParseJson(WriteJson(*value));
    if (!again.ok() || !(*again == *value)) abort();
  }
  for (const char* kind : {"Pod", "Node", "Service"}) {
    const Message& message = *Schema::Builtin().FindMessage("v1", kind);
    absl::StatusOr<Decoded> decoded = DecodeJson(message, text);
    if (!decoded.ok()) continue;
    std::string wire, json, direct;
    EncodeWire(message, decoded->value, &wire);
    absl::StatusOr<Value> back = DecodeWire(message, wire);
    if (!back.ok()) abort();
    EncodeJson(message, *back, &json);
    if (!TranscodeWireToJson(message, wire, "", "", &direct).ok() || direct != json) abort();
  }
  return 0;
}
