#include "apimachinery/stored.h"

#include "apimachinery/codec_internal.h"

namespace apimachinery {

bool CompletesStored(const Message& message) { return message.name == "apps.v1.StatefulSet"; }

void CompleteStored(const Message& message, Value* object) {
  if (!CompletesStored(message)) return;
  Value* claims = object->At("spec.volumeClaimTemplates");
  if (claims == nullptr || !claims->is_array()) return;
  for (Value& claim : claims->array()) {
    claim.Set("kind", "PersistentVolumeClaim");
    claim.Set("apiVersion", "v1");
  }
}

namespace {

void Normalize(const Message& message, Value* value, int depth) {
  if (message.shape != Shape::kStruct || !value->is_object() || depth > codec::kMaxNesting) return;
  Object& object = value->object();
  size_t kept = 0;
  int last = -1;
  bool in_order = true;
  for (size_t i = 0; i < object.size(); ++i) {
    Value& member = object[i].value;
    const int at = message.FindFlat(object[i].key);
    if (at < 0 || (member.is_null() && !member.is_hollow())) continue;
    const Field& field = *message.flat[at];
    if (field.type == FieldType::kMessage) {
      if (field.is_list() && member.is_array()) {
        for (Value& item : member.array()) Normalize(*field.message, &item, depth + 1);
      } else if (field.is_map() && member.is_object()) {
        for (Member& entry : member.object()) Normalize(*field.message, &entry.value, depth + 1);
      } else {
        Normalize(*field.message, &member, depth + 1);
      }
    }
    if (!field.pointer && !member.is_hollow() && codec::IsZeroNormalized(field, member)) continue;
    if (field.is_map() && member.is_object()) codec::SortKeysOnce(&member.object());
    if (kept != i) object[kept] = std::move(object[i]);
    ++kept;
    in_order = in_order && at > last;
    last = at;
  }
  object.resize(kept);
  if (!in_order) codec::SortMembers(message, &object);
}

}  // namespace

void NormalizeTree(const Message& message, Value* object) { Normalize(message, object, 0); }

}  // namespace apimachinery
