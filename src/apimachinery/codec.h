// The one codec of API types: JSON text, typed trees and protobuf bytes, all driven by schema.h.
//
// A typed tree is in normal form: unset members are absent, and so are zero values of fields that are no pointers,
// empty lists and maps, and empty structs that are no pointers; lists and maps that JSON set to empty ones are hollow
// (value.h). Both decoders give that form, the encoders take any and hollow for unset.
// Times, durations and quantities are their canonical strings, bytes standard base64, IntOrString kInt or kString,
// RawExtension, FieldsV1 and apiextensions JSON are kRaw. Pure; any thread.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apimachinery {

struct DecodeOptions {
  bool strict = true;       // collect unknown and duplicate fields
  size_t max_depth = 10000;
  // The tree is the outcome of a strategic merge patch or is applied: type errors in the words of upstream's converter
  // ("cannot restore struct from: int64"), whole floats pass for integers, large ones lose their
  // upper bits, unknown fields come sorted.
  bool converting = false;
};

struct Decoded {
  Value value;
  // Upstream's texts: `unknown field "spec.foo"`, `duplicate field "spec.bar"`, in order of appearance.
  std::vector<std::string> strict_errors;
};

// InvalidArgument carries Go's wording: "json: cannot unmarshal string into Go struct field
// PodSpec.spec.terminationGracePeriodSeconds of type int64".
absl::StatusOr<Decoded> DecodeJson(const Message& message, absl::string_view json, const DecodeOptions& options = {});
// The same for a tree that is already parsed (YAML, a patch result). Consumes `json`.
absl::StatusOr<Decoded> DecodeTree(const Message& message, Value json, const DecodeOptions& options = {});

// Paths ("spec.devices.config[].opaque.parameters") of the free JSON in objects of a kind, for ParseOptions::verbatim.
absl::Span<const std::string> VerbatimMembers(const Message& message);

// Compact JSON, members in schema order, unset members as upstream prints them (null, zero, or left out).
void EncodeJson(const Message& message, const Value& value, std::string* out);
// The tree that EncodeJson's text would parse to (patches work on it): nulls and always-printed zero values
// included, raw values opened.
Value ToPlain(const Message& message, const Value& value);

// DataLoss when the bytes are not a message, or nested too deep. Unknown field numbers are skipped.
absl::StatusOr<Value> DecodeWire(const Message& message, absl::string_view wire);
// Byte for byte what upstream writes: ascending numbers, maps sorted by key.
void EncodeWire(const Message& message, const Value& value, std::string* out);
// Equal to EncodeJson(DecodeWire(wire)) without building a tree: the way of every LIST and WATCH.
// Appends to *json, which stays as it is when the bytes are damaged. `api_version` and `kind`, when not empty, are printed as the object's own (they are not in its bytes).
absl::Status TranscodeWireToJson(const Message& message, absl::string_view wire, absl::string_view api_version,
                                 absl::string_view kind, std::string* json);

// The storage and protobuf media type envelope: "k8s\0" and a runtime.Unknown.
struct Envelope {
  absl::string_view api_version, kind;  // views into the decoded bytes
  absl::string_view raw;
  absl::string_view content_encoding, content_type;
};
inline constexpr absl::string_view kProtobufMagic = absl::string_view("k8s\0", 4);
bool HasEnvelope(absl::string_view bytes);
std::string EncodeEnvelope(absl::string_view api_version, absl::string_view kind, absl::string_view raw);
// What EncodeEnvelope writes before and behind `raw_size` raw bytes, for contents that are too large to be in one piece.
struct EnvelopeFrame {
  std::string head, tail;
};
EnvelopeFrame FrameEnvelope(absl::string_view api_version, absl::string_view kind, size_t raw_size);
absl::StatusOr<Envelope> DecodeEnvelope(absl::string_view bytes);

// Whole objects: kind and apiVersion stand in the tree.
std::string EncodeObject(const Message& message, const Value& object);                // envelope and wire
absl::StatusOr<Value> DecodeObject(const Message& message, absl::string_view bytes);  // sets kind and apiVersion

// Standard base64 with padding, for bytes fields of typed trees. Base64Decode skips line ends and answers -1 when all
// went well, else the position of the first byte that is not valid there.
int64_t Base64Decode(absl::string_view text, std::string* bytes);
void Base64Append(absl::string_view bytes, std::string* out);

}  // namespace apimachinery
