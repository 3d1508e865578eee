#include "apimachinery/structural/object_meta.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/codec.h"
#include "apimachinery/field_error.h"

namespace apimachinery::structural {
namespace {

// `unknown field "labels.x"` → the path, below `prefix`.
void NoteUnknown(const std::vector<std::string>& strict, absl::string_view prefix, std::vector<std::string>* unknown) {
  if (unknown == nullptr) return;
  for (absl::string_view text : strict) {
    if (!absl::ConsumePrefix(&text, "unknown field \"")) continue;
    absl::ConsumeSuffix(&text, "\"");
    unknown->push_back(absl::StrCat(prefix, text));
  }
}

Value Printed(const Value& typed) {
  Value plain = ToPlain(ObjectMetaMessage(), typed);
  if (plain.is_null()) plain = Value::MakeObject();
  if (const Value* created = plain.Find("creationTimestamp"); created != nullptr && created->is_null()) {
    plain.Erase("creationTimestamp");
  }
  return plain;
}

absl::Status Coerce(Value* metadata, bool drop, absl::string_view prefix, std::vector<std::string>* unknown) {
  absl::StatusOr<Decoded> decoded = DecodeTree(ObjectMetaMessage(), *metadata);
  if (!decoded.ok() && !drop) return decoded.status();
  if (!decoded.ok()) {  // member by member
    decoded = Decoded();
    decoded->value = Value::MakeObject();
    if (metadata->is_object()) {
      for (const Member& member : metadata->object()) {
        Value one = Value::MakeObject();
        one.Set(member.key, member.value);
        absl::StatusOr<Decoded> fits = DecodeTree(ObjectMetaMessage(), std::move(one));
        if (!fits.ok()) continue;
        for (Member& m : fits->value.object()) decoded->value.Set(m.key, std::move(m.value));
      }
    }
  }
  NoteUnknown(decoded->strict_errors, prefix, unknown);
  *metadata = Printed(decoded->value);
  return absl::OkStatus();
}

FieldError Refusal(const FieldPath& path, const Value& value, absl::string_view why) {
  FieldErrors errors;
  errors.Invalid(path, value, why);
  return errors.errors().front();
}

}  // namespace

const Message& ObjectMetaMessage() {
  static const Message* const message = apimachinery::Schema::Builtin().FindMessage("meta.v1.ObjectMeta");
  return *message;
}

absl::Status CoerceMetadata(Value* object, bool drop, std::vector<std::string>* unknown) {
  Value* metadata = object->Find("metadata");
  return metadata == nullptr ? absl::OkStatus() : Coerce(metadata, drop, "metadata.", unknown);
}

std::optional<FieldError> CoerceEmbeddedAt(const Schema& schema, const FieldPath& path, Value* value, bool drop,
                                           std::vector<std::string>* unknown) {
  if (value->is_array()) {
    if (schema.items == nullptr) return std::nullopt;
    for (size_t i = 0; i < value->size(); ++i) {
      if (auto error = CoerceEmbeddedAt(*schema.items, path.Index(i), &value->array()[i], drop, unknown)) return error;
    }
    return std::nullopt;
  }
  if (!value->is_object()) return std::nullopt;
  if (schema.embedded_resource) {
    for (const char* name : {"apiVersion", "kind"}) {
      const Value* text = value->Find(name);
      if (text == nullptr || text->is_string()) continue;
      if (!drop) return Refusal(path.Child(name), *text, "must be a string");
      value->Erase(name);
    }
    if (Value* metadata = value->Find("metadata"); metadata != nullptr) {
      const Value before = *metadata;
      const absl::Status status = Coerce(metadata, drop, absl::StrCat(path.Child("metadata").ToString(), "."), unknown);
      if (!status.ok()) return Refusal(path.Child("metadata"), before, status.message());
    }
  }
  for (Member& member : value->object()) {
    const Schema* property = schema.FindProperty(member.key);
    const Schema* child = property != nullptr ? property : schema.additional.get();
    if (child == nullptr) continue;
    const FieldPath below = property != nullptr ? path.Child(member.key) : path.Key(member.key);
    if (auto error = CoerceEmbeddedAt(*child, below, &member.value, drop, unknown)) return error;
  }
  return std::nullopt;
}

absl::Status CoerceEmbedded(const Schema& schema, Value* object, bool drop, std::vector<std::string>* unknown) {
  for (const Property& property : schema.properties) {
    if (property.name == "metadata") continue;  // the object's own
    Value* member = object->Find(property.name);
    if (member == nullptr) continue;
    if (auto error = CoerceEmbeddedAt(property.schema, FieldPath(property.name), member, drop, unknown)) {
      return absl::InvalidArgumentError(error->ToString());
    }
  }
  return absl::OkStatus();
}

}  // namespace apimachinery::structural
