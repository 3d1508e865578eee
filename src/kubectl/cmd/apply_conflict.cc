#include "kubectl/cmd/apply_conflict.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/patch/patch.h"
#include "apimachinery/schema.h"
#include "base/status_macros.h"
#include "kubectl/cmd/apply.h"
#include "kubectl/cmd/common.h"

namespace kubectl {
namespace {

using apimachinery::Field;
using apimachinery::Message;

bool Conflicts(const Value& a, const Value& b, const Message* message);

// Lists with merge keys conflict where elements of one key do, others where they differ at all.
bool ListsConflict(const Value& a, const Value& b, const Field* field) {
  const std::string key = field == nullptr ? "" : std::string(field->patch_merge_key);
  if (field != nullptr && field->patch_merge && key.empty()) return false;  // sets only grow
  if (key.empty()) {
    if (a.size() != b.size()) return true;
    for (size_t i = 0; i < a.size(); ++i) {
      if (Conflicts(a.array()[i], b.array()[i], field == nullptr ? nullptr : field->message)) return true;
    }
    return false;
  }
  for (const Value& left : a.array()) {
    const Value* id = left.Find(key);
    for (const Value& right : b.array()) {
      const Value* other = right.Find(key);
      if (id != nullptr && other != nullptr && *id == *other && Conflicts(left, right, field->message)) return true;
    }
  }
  return false;
}

bool Conflicts(const Value& a, const Value& b, const Message* message) {
  if (!a.is_object() || !b.is_object()) return !(a == b);
  for (const Member& member : a.object()) {
    const Value* other = b.Find(member.key);
    if (other == nullptr || absl::StartsWith(member.key, "$")) continue;
    const Field* field = message == nullptr ? nullptr : message->FindJson(member.key);
    if (member.value.is_array() && other->is_array() ? ListsConflict(member.value, *other, field)
                                                     : Conflicts(member.value, *other, field == nullptr ? nullptr : field->message))
      return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::string> ApplyConflict(const Value& current, const Value& patch) {
  const Message* message = apimachinery::Schema::Builtin().FindMessage(current.GetString("apiVersion"), current.GetString("kind"));
  if (message == nullptr) return "";
  Value original = Value::MakeObject();
  const std::string text = LastAppliedOf(current);
  if (!text.empty()) {
    ASSIGN_OR_RETURN(original, ParseJson(text));
  }
  ASSIGN_OR_RETURN(const Value changed, apimachinery::patch::CreateTwoWayMergePatch(*message, original, current));
  if (!Conflicts(patch, changed, message)) return "";
  return absl::StrCat("patch:\n", WriteYaml(patch), "\nconflicts with changes made from original to current:\n",
                      WriteYaml(changed), "\n");
}

}  // namespace kubectl
