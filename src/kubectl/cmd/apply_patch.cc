#include "apimachinery/patch/patch.h"
#include "apimachinery/schema.h"
#include "base/status_macros.h"
#include "kubectl/cmd/apply.h"
#include "kubectl/cmd/common.h"

namespace kubectl {

absl::StatusOr<ApplyPatch> ComputeApplyPatch(const Value& current, const Value& modified) {
  Value original = Value::MakeObject();
  if (const Value* annotations = current.At("metadata.annotations"); annotations != nullptr) {
    if (const Value* text = annotations->Find(kLastApplied); text != nullptr && text->is_string()) {
      ASSIGN_OR_RETURN(original, ParseJson(text->as_string()));
    }
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
