// The four ways to change an object by a patch, as pure functions from the current object to the new one.
// Trees in and out are plain JSON (codec.h's ToPlain), so that a patch can name any field. Errors carry ApiStatus.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apimachinery::patch {

enum class PatchType : uint8_t { kJson, kMerge, kStrategicMerge, kApply };
// By media type without parameters: "application/json-patch+json", "application/merge-patch+json",
// "application/strategic-merge-patch+json", "application/apply-patch+yaml". False when it is none of them.
bool PatchTypeFromMediaType(absl::string_view media_type, PatchType* type);

// Any type but kApply (apply/apply.h). `message` may be nullptr for kJson and kMerge (custom resources).
// BadRequest: the patch is malformed; UnprocessableEntity (Invalid): a JSON patch cannot be applied.
// `strict_errors` may be nullptr; duplicate members of the patch text are reported there.
absl::StatusOr<Value> ApplyPatch(PatchType type, const Message* message, const Value& current, absl::string_view patch,
                                 std::vector<std::string>* strict_errors = nullptr);

// RFC 6902 with upstream's limits and error texts.
absl::StatusOr<Value> ApplyJsonPatch(Value current, const Value& operations);
// RFC 7386.
void ApplyMergePatch(Value* target, const Value& patch);
Value CreateMergePatch(const Value& original, const Value& modified);

// Strategic merge by the schema's patch strategies; honours $patch, $retainKeys, $setElementOrder/<list>,
// $deleteFromPrimitiveList/<list>.
absl::StatusOr<Value> ApplyStrategicMergePatch(const Message& message, Value current, const Value& patch);
absl::StatusOr<Value> CreateTwoWayMergePatch(const Message& message, const Value& original, const Value& modified);
// kubectl apply: changes from `current` to `modified`, deletions from `original` to `modified`.
// FailedPrecondition when !overwrite and someone else changed what the patch changes.
absl::StatusOr<Value> CreateThreeWayMergePatch(const Message& message, const Value& original, const Value& modified,
                                               const Value& current, bool overwrite);
// The same for kinds without schema (JSON merge patch).
absl::StatusOr<Value> CreateThreeWayJsonMergePatch(const Value& original, const Value& modified, const Value& current);

}  // namespace apimachinery::patch
