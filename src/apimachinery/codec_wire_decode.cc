// Protobuf to a typed tree in normal form.
#include <algorithm>
#include <cstring>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/codec_internal.h"
#include "apimachinery/json.h"
#include "apimachinery/time.h"
#include "apimachinery/wire.h"

namespace apimachinery {
namespace {

class WireDecoder {
 public:
  // False on damage; problem() says where.
  bool Message(const apimachinery::Message& message, absl::string_view bytes, int depth, Value* value) {
    if (depth > codec::kMaxNesting) return Bad(message, "nested too deep");
    switch (message.shape) {
      case Shape::kStruct: {
        if (!value->is_object()) *value = Value::MakeObject();
        Places places(message.flat.size(), -1);
        Object& object = value->object();
        for (size_t i = 0; i < object.size(); ++i) {  // a message in several pieces
          if (const int at = message.FindFlat(object[i].key); at >= 0) places[at] = static_cast<int16_t>(i);
        }
        return Fields(message, bytes, depth, places.data(), value) && (Normalize(message, value), true);
      }
      case Shape::kStringList: {
        if (!value->is_array()) *value = Value::MakeArray();
        wire::Reader reader(bytes);
        wire::Token token;
        while (reader.Next(&token)) {
          if (token.number == 1 && token.type == wire::kBytes) value->Append(Value(token.bytes));
        }
        return reader.ok() || Bad(message, "damaged");
      }
      case Shape::kTime:
      case Shape::kMicroTime: {
        std::string text;
        if (!codec::AppendWireTime(bytes, message.shape == Shape::kMicroTime, &text)) return Bad(message, "damaged");
        *value = Value(std::move(text));
        return true;
      }
      case Shape::kDuration: {
        int64_t nanoseconds = 0;
        if (!codec::ReadDuration(bytes, &nanoseconds)) return Bad(message, "damaged");
        *value = Value(FormatDuration(nanoseconds));
        return true;
      }
      case Shape::kQuantity: {
        absl::string_view text;
        bool present;
        if (!codec::ReadBytesField(bytes, 1, &text, &present)) return Bad(message, "damaged");
        *value = Value(text.empty() ? absl::string_view("0") : text);
        return true;
      }
      case Shape::kIntOrString: {
        codec::IntOrStringWire wire;
        if (!codec::ReadIntOrString(bytes, &wire)) return Bad(message, "damaged");
        *value = wire.is_string ? Value(wire.text) : Value(wire.number);
        return true;
      }
      case Shape::kRawExtension:
      case Shape::kFieldsV1:
      case Shape::kJson:
      case Shape::kUnknown: {
        absl::string_view raw;
        bool present;
        if (!codec::ReadBytesField(bytes, message.shape == Shape::kUnknown ? 2 : 1, &raw, &present)) {
          return Bad(message, "damaged");
        }
        // Without content: pointers tell that from absent.
        *value = Value::Raw(raw.empty() ? "null" : std::string(raw));
        return true;
      }
      case Shape::kGroupVersion: return true;
      case Shape::kSchemaOrBool:
      case Shape::kSchemaOrArray:
      case Shape::kSchemaOrStringArray: return SchemaOr(message, bytes, depth, value);
    }
    return true;
  }

  const std::string& problem() const { return problem_; }

 private:
  using Places = absl::InlinedVector<int16_t, 64>;  // where a flat field stands in the object, -1 when absent

  bool Bad(const apimachinery::Message& message, absl::string_view what) {
    if (problem_.empty()) problem_ = absl::StrCat("proto: ", message.go_name, ": ", what);
    return false;
  }

  bool Fields(const apimachinery::Message& message, absl::string_view bytes, int depth, int16_t* places, Value* value) {
    wire::Reader reader(bytes);
    wire::Token token;
    Object& object = value->object();
    while (reader.Next(&token)) {
      const Field* field = message.FindNumber(token.number);
      if (field == nullptr) continue;
      if (field->inlined) {
        if (token.type != wire::kBytes) return Bad(message, "wrong wire type");
        if (!Fields(*field->message, token.bytes, depth + 1, places + field->flat_begin, value)) return false;
        continue;
      }
      int16_t& place = places[field->flat_begin];
      if (place < 0) {
        if (object.capacity() == 0) object.reserve(8);
        place = static_cast<int16_t>(object.size());
        object.emplace_back().key.assign(field->json.data(), field->json.size());
      }
      if (!Put(message, *field, token, depth, &object[place].value)) return false;
    }
    return reader.ok() || Bad(message, "damaged");
  }

  bool Put(const apimachinery::Message& message, const Field& field, const wire::Token& token, int depth, Value* value) {
    if (field.is_list()) {
      if (!value->is_array()) *value = Value::MakeArray();
      if (token.type == wire::kBytes && field.type != FieldType::kString && field.type != FieldType::kBytes &&
          field.type != FieldType::kMessage) {
        return Packed(message, field, token.bytes, value);
      }
      return Single(message, field, token, depth, &value->array().emplace_back());
    }
    if (!field.is_map()) return Single(message, field, token, depth, value);
    if (!value->is_object()) *value = Value::MakeObject();
    if (token.type != wire::kBytes) return Bad(message, "wrong wire type");
    wire::Reader reader(token.bytes);
    wire::Token part;
    absl::string_view key;
    Value element;
    while (reader.Next(&part)) {
      if (part.number == 1) {
        if (part.type != wire::kBytes) return Bad(message, "wrong wire type");
        key = part.bytes;
      } else if (part.number == 2 && !Single(message, field, part, depth, &element)) {
        return false;
      }
    }
    if (!reader.ok()) return Bad(message, "damaged");
    if (element.is_null() && !ZeroElement(message, field, depth, &element)) return false;
    Object& members = value->object();  // kept sorted, as they are written
    auto place = members.end();
    if (!members.empty() && !(members.back().key < key)) {
      place = std::lower_bound(members.begin(), members.end(), key,
                               [](const Member& member, absl::string_view wanted) { return member.key < wanted; });
    }
    if (place != members.end() && place->key == key) {
      place->value = std::move(element);
    } else {
      members.insert(place, Member{std::string(key), std::move(element)});
    }
    return true;
  }

  bool ZeroElement(const apimachinery::Message& message, const Field& field, int depth, Value* element) {
    if (field.type == FieldType::kBytes) return true;
    wire::Token zero;
    zero.type = field.type == FieldType::kString || field.type == FieldType::kMessage ? wire::kBytes
                : field.type == FieldType::kDouble                                    ? wire::kFixed64
                                                                                      : wire::kVarint;
    return Single(message, field, zero, depth, element);
  }

  bool Packed(const apimachinery::Message& message, const Field& field, absl::string_view bytes, Value* value) {
    wire::Reader reader(bytes);
    while (!reader.done()) {
      wire::Token token;
      if (field.type == FieldType::kDouble) return Bad(message, "wrong wire type");
      if (!reader.Varint(&token.scalar)) return Bad(message, "damaged");
      if (!Single(message, field, token, 0, &value->array().emplace_back())) return false;
    }
    return true;
  }

  bool Single(const apimachinery::Message& message, const Field& field, const wire::Token& token, int depth,
              Value* value) {
    const wire::Type wanted = field.type == FieldType::kDouble ? wire::kFixed64
                              : field.type == FieldType::kString || field.type == FieldType::kBytes ||
                                      field.type == FieldType::kMessage
                                  ? wire::kBytes
                                  : wire::kVarint;
    if (token.type != wanted) return Bad(message, "wrong wire type");
    switch (field.type) {
      case FieldType::kBool: *value = Value(token.scalar != 0); return true;
      case FieldType::kInt32: *value = Value(static_cast<int64_t>(static_cast<int32_t>(token.scalar))); return true;
      case FieldType::kInt64: *value = Value(static_cast<int64_t>(token.scalar)); return true;
      case FieldType::kDouble: {
        double d;
        std::memcpy(&d, &token.scalar, sizeof d);
        *value = Value(d);
        return true;
      }
      case FieldType::kString: *value = Value(token.bytes); return true;
      case FieldType::kBytes: {
        std::string text;
        Base64Append(token.bytes, &text);
        *value = Value(std::move(text));
        return true;
      }
      case FieldType::kMessage: return Message(*field.message, token.bytes, depth + 1, value);
    }
    return true;
  }

  // Drops what says nothing: see codec.h.
  static void Normalize(const apimachinery::Message& message, Value* value) {
    Object& object = value->object();
    size_t kept = 0;
    int last = -1;
    bool in_order = true;
    for (size_t i = 0; i < object.size(); ++i) {
      const int at = message.FindFlat(object[i].key);
      const Field* field = message.flat[at];
      const bool drop = object[i].value.is_null() || (!field->pointer && codec::IsZeroNormalized(*field, object[i].value));
      if (drop) continue;
      if (kept != i) object[kept] = std::move(object[i]);
      ++kept;
      in_order = in_order && at > last;
      last = at;
    }
    object.resize(kept);
    if (!in_order) codec::SortMembers(message, &object);
  }

  bool SchemaOr(const apimachinery::Message& message, absl::string_view bytes, int depth, Value* value) {
    wire::Reader reader(bytes);
    wire::Token token;
    Value schema, simple;
    const Field& schema_field = *message.FindJson("schema");
    while (reader.Next(&token)) {
      const Field* field = message.FindNumber(token.number);
      if (field == nullptr) continue;
      if (!Put(message, *field, token, depth, field == &schema_field ? &schema : &simple)) return false;
    }
    if (!reader.ok()) return Bad(message, "damaged");
    if (message.shape == Shape::kSchemaOrBool) {
      *value = schema.is_null() ? Value(simple.is_bool() && simple.as_bool()) : std::move(schema);
    } else {
      *value = simple.empty() ? std::move(schema) : std::move(simple);
      if (value->is_null()) *value = Value::Raw("null");
    }
    return true;
  }

  std::string problem_;
};

}  // namespace

absl::StatusOr<Value> DecodeWire(const Message& message, absl::string_view wire) {
  WireDecoder decoder;
  Value value;
  if (!decoder.Message(message, wire, 0, &value)) return absl::DataLossError(decoder.problem());
  return value;
}

}  // namespace apimachinery
