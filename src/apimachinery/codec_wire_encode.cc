// Typed tree to protobuf, written from the last field to the first.
#include <cstring>

#include "absl/container/inlined_vector.h"
#include "apimachinery/codec.h"
#include "apimachinery/codec_internal.h"
#include "apimachinery/json.h"
#include "apimachinery/rfc3339.h"
#include "apimachinery/time.h"
#include "apimachinery/wire.h"

namespace apimachinery {
namespace {

const Value* const kNone[256] = {};  // slots of an absent message

class WireEncoder {
 public:
  explicit WireEncoder(wire::ReverseWriter* out) : out_(*out) {}

  // The content of a message, without tag and length. `value` may be null: the zero value.
  void Message(const apimachinery::Message& message, const Value* value, int depth) {
    if (depth > codec::kMaxNesting) return;
    switch (message.shape) {
      case Shape::kStruct: Struct(message, value, depth); return;
      case Shape::kStringList:
        if (value == nullptr || !value->is_array()) return;
        for (size_t i = value->size(); i-- > 0;) out_.String(1, Text(&value->array()[i]));
        return;
      case Shape::kTime: Time(value, false); return;
      case Shape::kMicroTime: Time(value, true); return;
      case Shape::kDuration: {
        const absl::StatusOr<int64_t> nanoseconds = ParseDuration(Text(value));
        out_.Int(1, nanoseconds.ok() ? *nanoseconds : 0);
        return;
      }
      case Shape::kQuantity: {
        const absl::string_view text = Text(value);
        out_.String(1, text.empty() ? "0" : text);
        return;
      }
      case Shape::kIntOrString: {
        const bool is_string = value != nullptr && value->is_string();
        out_.String(3, is_string ? Text(value) : "");
        out_.Int(2, value != nullptr && value->is_number() ? value->as_int() : 0);
        out_.Int(1, is_string ? 1 : 0);
        return;
      }
      case Shape::kRawExtension:
      case Shape::kFieldsV1:
      case Shape::kJson: Raw(1, value); return;
      case Shape::kUnknown: {
        out_.String(4, "");
        out_.String(3, "");
        Raw(2, value);
        const size_t mark = out_.size();
        out_.String(2, "");
        out_.String(1, "");
        out_.Close(1, mark);
        return;
      }
      case Shape::kGroupVersion: return;  // no field has it
      case Shape::kSchemaOrBool: {
        Value allows(value != nullptr && (value->is_object() || (value->is_bool() && value->as_bool())));
        SchemaOr(message, "allows", &allows, value, depth);
        return;
      }
      case Shape::kSchemaOrArray: SchemaOr(message, "jSONSchemas", value, value, depth); return;
      case Shape::kSchemaOrStringArray: SchemaOr(message, "property", value, value, depth); return;
    }
  }

 private:
  using Slots = absl::InlinedVector<const Value*, 64>;

  static absl::string_view Text(const Value* value) {
    return value != nullptr && (value->is_string() || value->is_raw()) ? absl::string_view(value->as_string())
                                                                       : absl::string_view();
  }

  void Struct(const apimachinery::Message& message, const Value* value, int depth) {
    if (value == nullptr || !value->is_object() || value->empty()) {
      Fields(message, kNone, depth);
      return;
    }
    Slots slots(message.flat.size(), nullptr);
    for (const Member& member : value->object()) {
      const int at = message.FindFlat(member.key);
      if (at >= 0 && !member.value.is_null()) slots[at] = &member.value;
    }
    Fields(message, slots.data(), depth);
  }

  void Fields(const apimachinery::Message& message, const Value* const* slots, int depth) {
    for (auto it = message.wire_order.rbegin(); it != message.wire_order.rend(); ++it) {
      const Field& field = **it;
      if (field.inlined) {
        const size_t mark = out_.size();
        Fields(*field.message, slots == kNone ? kNone : slots + field.flat_begin, depth + 1);
        out_.Close(field.number, mark);
        continue;
      }
      const Value* value = slots == kNone ? nullptr : slots[field.flat_begin];
      if (value == nullptr && field.wire != WireEmit::kAlways) continue;
      if (field.is_list()) {
        if (!value->is_array()) continue;
        for (size_t i = value->size(); i-- > 0;) Element(field, field.number, &value->array()[i], depth);
      } else if (field.is_map()) {
        Map(field, *value, depth);
      } else if (value != nullptr || !IsSlice(field)) {
        Element(field, field.number, value, depth);
      }
    }
  }
  // A Go slice with its own message: nothing on the wire when unset.
  static bool IsSlice(const Field& field) {
    return field.type == FieldType::kBytes ||
           (field.type == FieldType::kMessage && field.message->shape == Shape::kStringList);
  }

  void Map(const Field& field, const Value& value, int depth) {
    if (!value.is_object()) return;
    const codec::KeyOrder members(value.object());
    for (size_t i = members.size(); i-- > 0;) {
      const size_t mark = out_.size();
      const Value& element = members[i].value;
      if (field.type != FieldType::kBytes || !element.is_null()) Element(field, 2, &element, depth);
      out_.String(1, members[i].key);
      out_.Close(field.number, mark);
    }
  }

  // One value with its tag; null is the zero value.
  void Element(const Field& field, uint32_t number, const Value* value, int depth) {
    if (value != nullptr && value->is_null()) value = nullptr;
    switch (field.type) {
      case FieldType::kBool: out_.Int(number, value != nullptr && value->is_bool() && value->as_bool()); return;
      case FieldType::kInt32:
      case FieldType::kInt64: out_.Int(number, value != nullptr && value->is_number() ? value->as_int() : 0); return;
      case FieldType::kDouble: {
        const double d = value != nullptr && value->is_number() ? value->as_double() : 0;
        uint64_t bits;
        std::memcpy(&bits, &d, sizeof bits);
        out_.Fixed64(bits);
        out_.Tag(number, wire::kFixed64);
        return;
      }
      case FieldType::kString: out_.String(number, Text(value)); return;
      case FieldType::kBytes: {
        std::string bytes;
        Base64Decode(Text(value), &bytes);
        out_.String(number, bytes);
        return;
      }
      case FieldType::kMessage: {
        const size_t mark = out_.size();
        Message(*field.message, value, depth + 1);
        out_.Close(number, mark);
        return;
      }
    }
  }

  void Time(const Value* value, bool micro) {
    const absl::string_view text = Text(value);
    if (text.empty()) return;
    const absl::StatusOr<Instant> instant = ParseRfc3339(text, micro);
    if (!instant.ok() || (instant->seconds == kZeroTimeSeconds && instant->nanos == 0)) return;
    out_.Int(2, micro ? instant->nanos / 1000 * 1000 : 0);
    out_.Int(1, instant->seconds);
  }

  void Raw(uint32_t number, const Value* value) {
    if (value == nullptr || (value->is_raw() && value->as_string() == "null")) return;
    if (value->is_raw()) {
      out_.String(number, value->as_string());
    } else {
      out_.String(number, WriteJson(*value));
    }
  }

  // `simple` is the member beside "schema"; both look at what stands in JSON and take what is theirs.
  void SchemaOr(const apimachinery::Message& message, absl::string_view simple_name, const Value* simple,
                const Value* value, int depth) {
    Slots slots(message.flat.size(), nullptr);
    if (value != nullptr && value->is_object()) slots[message.FindFlat("schema")] = value;
    if (simple != nullptr && (simple->is_array() || simple->is_bool())) slots[message.FindFlat(simple_name)] = simple;
    Fields(message, slots.data(), depth);
  }

  wire::ReverseWriter& out_;
};

}  // namespace

void EncodeWire(const Message& message, const Value& value, std::string* out) {
  static thread_local wire::ReverseWriter writer;
  writer.Clear();
  WireEncoder(&writer).Message(message, &value, 0);
  const absl::string_view written = writer.view();
  out->append(written.data(), written.size());
  if (writer.capacity() > (1 << 20)) writer = wire::ReverseWriter();  // one large object does not stay for ever
}

}  // namespace apimachinery
