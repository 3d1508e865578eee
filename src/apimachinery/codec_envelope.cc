// The "k8s\0" envelope around stored and transmitted protobuf.
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "apimachinery/codec.h"
#include "apimachinery/wire.h"

namespace apimachinery {

bool HasEnvelope(absl::string_view bytes) { return absl::StartsWith(bytes, kProtobufMagic); }

EnvelopeFrame FrameEnvelope(absl::string_view api_version, absl::string_view kind, size_t raw_size) {
  wire::ReverseWriter tail, head;
  tail.String(4, "");
  tail.String(3, "");
  head.Varint(raw_size);
  head.Tag(2, wire::kBytes);
  const size_t mark = head.size();
  head.String(2, kind);
  head.String(1, api_version);
  head.Close(1, mark);
  head.Bytes(kProtobufMagic);
  return {std::string(head.view()), std::string(tail.view())};
}

std::string EncodeEnvelope(absl::string_view api_version, absl::string_view kind, absl::string_view raw) {
  EnvelopeFrame frame = FrameEnvelope(api_version, kind, raw.size());
  frame.head.reserve(frame.head.size() + raw.size() + frame.tail.size());
  frame.head.append(raw.data(), raw.size());
  frame.head += frame.tail;
  return std::move(frame.head);
}

absl::StatusOr<Envelope> DecodeEnvelope(absl::string_view bytes) {
  if (!HasEnvelope(bytes)) return absl::DataLossError("provided data does not appear to be a protobuf message");
  Envelope envelope;
  wire::Reader reader(bytes.substr(kProtobufMagic.size()));
  wire::Token token;
  while (reader.Next(&token)) {
    if (token.type != wire::kBytes) return absl::DataLossError("proto: wrong wireType in Unknown");
    if (token.number == 2) envelope.raw = token.bytes;
    if (token.number == 3) envelope.content_encoding = token.bytes;
    if (token.number == 4) envelope.content_type = token.bytes;
    if (token.number != 1) continue;
    wire::Reader meta(token.bytes);
    wire::Token part;
    while (meta.Next(&part)) {
      if (part.type != wire::kBytes) return absl::DataLossError("proto: wrong wireType in TypeMeta");
      if (part.number == 1) envelope.api_version = part.bytes;
      if (part.number == 2) envelope.kind = part.bytes;
    }
    if (!meta.ok()) return absl::DataLossError("unexpected EOF");
  }
  if (!reader.ok()) return absl::DataLossError("unexpected EOF");
  return envelope;
}

std::string EncodeObject(const Message& message, const Value& object) {
  std::string raw;
  EncodeWire(message, object, &raw);
  return EncodeEnvelope(object.GetString("apiVersion"), object.GetString("kind"), raw);
}

absl::StatusOr<Value> DecodeObject(const Message& message, absl::string_view bytes) {
  absl::StatusOr<Envelope> envelope = DecodeEnvelope(bytes);
  if (!envelope.ok()) return envelope.status();
  absl::StatusOr<Value> decoded = DecodeWire(message, envelope->raw);
  if (!decoded.ok()) return decoded;
  Object members;
  members.reserve(decoded->size() + 2);
  if (!envelope->kind.empty()) members.push_back(Member{"kind", Value(envelope->kind)});
  if (!envelope->api_version.empty()) members.push_back(Member{"apiVersion", Value(envelope->api_version)});
  for (Member& member : decoded->object()) members.push_back(std::move(member));
  return Value(std::move(members));
}

}  // namespace apimachinery
