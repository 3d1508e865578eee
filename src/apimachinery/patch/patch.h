// The ways to change an object by a patch, as pure functions from the current object to the new one. Server-side
// apply is in apply/apply.h.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/api_error.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apimachinery::patch {

enum class PatchType : uint8_t { kJson, kMerge, kStrategicMerge, kApply };
// By media type without parameters: "application/json-patch+json", "application/merge-patch+json",
// "application/strategic-merge-patch+json", "application/apply-patch+yaml". False when it is none of them.
bool PatchTypeFromMediaType(absl::string_view media_type, PatchType* type);

struct Patched {
  Value object;  // a typed tree in normal form (codec.h); a plain one without message
  // Unknown and duplicate fields of the patch and of the patched object, in upstream's words.
  std::vector<std::string> strict_errors;
  std::string shown;  // what upstream quotes when it refuses the outcome

  // The answer under fieldValidation=Strict when strict_errors is not empty.
  ApiStatus StrictError() const;
};

// What a PATCH request does to an object, any type but kApply. `current` is a typed tree with kind and apiVersion;
// without `message` (custom resources) it is plain and kStrategicMerge is not supported.
// BadRequest: the patch is malformed; 422: it cannot be applied or its outcome is no object of the type; 413: too many
// operations. Errors carry ApiStatus.
// `judge` looks at the outcome of a JSON or merge patch, and its text, before it is read as the type: why it is refused, or "".
using Judge = std::function<std::string(const Value& outcome, absl::string_view text)>;
absl::StatusOr<Patched> PatchObject(PatchType type, const Message* message, const Value& current,
                                    absl::string_view patch, const Judge& judge = {});

// --- The algorithms alone, on plain trees (codec.h's ToPlain). ---

// RFC 6902 as upstream applies it (negative indexes, add without value, replace that adds). An error says nothing but
// that: upstream tells no details. Objects that were changed come out with sorted members.
absl::StatusOr<Value> ApplyJsonPatch(Value current, const Value& operations);
// RFC 7386. Objects that were merged come out with sorted members.
void ApplyMergePatch(Value* target, const Value& patch);
Value CreateMergePatch(const Value& original, const Value& modified);

// Strategic merge by the schema's patch strategies; honours $patch, $retainKeys, $setElementOrder/<list>,
// $deleteFromPrimitiveList/<list>. Uses up `patch`.
absl::StatusOr<Value> ApplyStrategicMergePatch(const Message& message, Value current, Value* patch);
absl::StatusOr<Value> CreateTwoWayMergePatch(const Message& message, const Value& original, const Value& modified);
// kubectl apply: changes from `current` to `modified`, deletions from `original` to `modified`; null stands for {}.
absl::StatusOr<Value> CreateThreeWayMergePatch(const Message& message, const Value& original, const Value& modified,
                                               const Value& current);
// The same for kinds without schema (JSON merge patch).
Value CreateThreeWayJsonMergePatch(const Value& original, const Value& modified, const Value& current);

}  // namespace apimachinery::patch
