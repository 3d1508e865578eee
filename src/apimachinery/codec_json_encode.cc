// Typed tree to JSON text in schema order.
#include <charconv>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/codec_internal.h"
#include "apimachinery/json.h"

namespace apimachinery {
namespace {

using codec::AppendZeroJson;
using codec::OmitAbsent;

void AppendInt(int64_t number, std::string* out) {
  char digits[24];
  out->append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr - digits);
}

class JsonEncoder {
 public:
  explicit JsonEncoder(std::string* out) : out_(*out) {}

  void Message(const apimachinery::Message& message, const Value& value, int depth) {
    if (depth > codec::kMaxNesting) {
      out_.append("null");
      return;
    }
    switch (message.shape) {
      case Shape::kStruct: Struct(message, value, depth); return;
      case Shape::kTime:
      case Shape::kMicroTime:
        if (value.is_string() && !value.as_string().empty()) {
          AppendJsonString(value.as_string(), &out_);
        } else {
          out_.append("null");
        }
        return;
      case Shape::kSchemaOrBool:
      case Shape::kSchemaOrArray:
      case Shape::kSchemaOrStringArray: SchemaOr(message, value, depth); return;
      default:
        if (value.is_null()) {
          AppendZeroJson(message, &out_);
        } else {
          AppendJson(value, &out_);
        }
    }
  }

 private:
  void Struct(const apimachinery::Message& message, const Value& value, int depth) {
    if (!value.is_object()) {
      value.is_raw() ? AppendJson(value, &out_) : AppendZeroJson(message, &out_);
      return;
    }
    absl::InlinedVector<const Value*, 64> slots(message.flat.size(), nullptr);
    for (const Member& member : value.object()) {
      const int at = message.FindFlat(member.key);
      if (at >= 0) slots[at] = &member.value;
    }
    out_.push_back('{');
    const size_t begin = out_.size();
    for (size_t i = 0; i < slots.size(); ++i) {
      const Field& field = *message.flat[i];
      const Value* member = slots[i];
      if (member == nullptr || member->is_null()) {
        if (OmitAbsent(field)) continue;
        Key(field);
        AppendZeroJson(field, &out_);
      } else {
        if (!field.pointer && LeaveOut(field, *member)) continue;
        Key(field);
        FieldValue(field, *member, depth);
      }
      out_.push_back(',');
    }
    if (out_.size() > begin) out_.pop_back();
    out_.push_back('}');
  }

  // A member that is there but empty.
  static bool LeaveOut(const Field& field, const Value& value) {
    if (field.omitzero) return codec::IsZero(field, value);
    if (!field.omitempty || codec::IsPlainStruct(field)) return false;
    if (field.type == FieldType::kBytes && field.is_single()) return value.is_string() && value.as_string().empty();
    return codec::IsZero(field, value);
  }

  void Key(const Field& field) { out_.append(field.json_key.data(), field.json_key.size()); }

  void FieldValue(const Field& field, const Value& value, int depth) {
    if (field.is_list()) {
      if (!value.is_array()) {
        AppendJson(value, &out_);
        return;
      }
      out_.push_back('[');
      const Array& items = value.array();
      for (size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out_.push_back(',');
        Element(field, items[i], depth);
      }
      out_.push_back(']');
      return;
    }
    if (field.is_map()) {
      Map(field, value, depth);
      return;
    }
    Element(field, value, depth);
  }

  void Map(const Field& field, const Value& value, int depth) {
    if (!value.is_object()) {
      AppendJson(value, &out_);
      return;
    }
    const codec::KeyOrder members(value.object());
    out_.push_back('{');
    for (size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out_.push_back(',');
      AppendJsonString(members[i].key, &out_);
      out_.push_back(':');
      Element(field, members[i].value, depth);
    }
    out_.push_back('}');
  }

  void Element(const Field& field, const Value& value, int depth) {
    switch (field.type) {
      case FieldType::kMessage: Message(*field.message, value, depth + 1); return;
      case FieldType::kString:
        if (value.is_string()) {
          AppendJsonString(value.as_string(), &out_);
        } else if (value.is_null()) {
          out_.append("\"\"");
        } else {
          AppendJson(value, &out_);
        }
        return;
      case FieldType::kInt32:
      case FieldType::kInt64:
        if (value.is_int()) {
          AppendInt(value.as_int(), &out_);
          return;
        }
        [[fallthrough]];
      case FieldType::kDouble:
        if (value.is_null()) {
          out_.push_back('0');
          return;
        }
        [[fallthrough]];
      default: AppendJson(value, &out_);
    }
  }

  // A schema where something simpler may stand.
  void SchemaOr(const apimachinery::Message& message, const Value& value, int depth) {
    const Field& schema = *message.FindJson("schema");
    if (value.is_object()) {
      Message(*schema.message, value, depth + 1);
    } else if (message.shape == Shape::kSchemaOrArray && value.is_array()) {
      out_.push_back('[');
      for (size_t i = 0; i < value.size(); ++i) {
        if (i > 0) out_.push_back(',');
        Message(*schema.message, value.array()[i], depth + 1);
      }
      out_.push_back(']');
    } else {
      value.is_null() ? AppendZeroJson(message, &out_) : AppendJson(value, &out_);
    }
  }

  std::string& out_;
};

}  // namespace

void EncodeJson(const Message& message, const Value& value, std::string* out) {
  JsonEncoder(out).Message(message, value, 0);
}

Value ToPlain(const Message& message, const Value& value) {
  std::string text;
  EncodeJson(message, value, &text);
  absl::StatusOr<Value> plain = ParseJson(text);
  return plain.ok() ? *std::move(plain) : Value();
}

}  // namespace apimachinery
