#include "apimachinery/patch/patch.h"
#include "apimachinery/schema.h"
#include "base/status_macros.h"
#include "kubectl/cmd/apply.h"
#include "kubectl/cmd/common.h"

namespace kubectl {

std::string LastAppliedOf(const Value& object) {
  const Value* annotations = object.At("metadata.annotations");
  const Value* text = annotations == nullptr ? nullptr : annotations->Find(kLastApplied);
  return text != nullptr && text->is_string() ? text->as_string() : "";
}

absl::StatusOr<ApplyPatch> ComputeApplyPatch(const Value& current, const Value& modified) {
  Value original = Value::MakeObject();
  if (const std::string text = LastAppliedOf(current); !text.empty()) {
    ASSIGN_OR_RETURN(original, ParseJson(text));
  }
  ApplyPatch result;
  const apimachinery::Message* message = apimachinery::Schema::Builtin().FindMessage(
      modified.GetString("apiVersion"), modified.GetString("kind"));
  if (message != nullptr) {
    result.strategic = true;
    ASSIGN_OR_RETURN(result.patch, apimachinery::patch::CreateThreeWayMergePatch(
                                       *message, original, modified, current));
  } else {
    result.patch = apimachinery::patch::CreateThreeWayJsonMergePatch(original, modified, current);
  }
  return result;
}

}  // namespace kubectl
