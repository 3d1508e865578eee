// Strategic merge as kustomize does it: lists with merge keys by the schema of the built-in kinds, new elements first; all
// other lists as a whole. Pure.
#pragma once
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace kubectl::kustomize {

// False when the patch deletes the whole target (`$patch: delete`). `message` is the target's type, nullptr for kinds
// without schema.
bool MergeInto(apimachinery::Value* target, const apimachinery::Value& patch, const apimachinery::Message* message);

}  // namespace kubectl::kustomize
