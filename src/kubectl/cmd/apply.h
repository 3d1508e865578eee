// The pure half of kubectl apply: which patch brings an object where the file wants it.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "apimachinery/value.h"
#include "kubectl/cli/command.h"
#include "kubectl/rest/factory.h"

namespace kubectl {

using apimachinery::Value;

struct ApplyPatch {
  bool strategic = false;  // else a JSON merge patch
  Value patch;             // empty object: nothing to change
};

// `modified` is the file's object with its last-applied annotation set; the original comes from
// `current`'s annotation. Kinds of the built-in schema get a strategic merge patch.
absl::StatusOr<ApplyPatch> ComputeApplyPatch(const Value& current, const Value& modified);

// The last-applied annotation's text; empty without.
std::string LastAppliedOf(const Value& object);

void AddLastApplied(Factory& factory, Command* apply);  // view-, set-, edit-last-applied

}  // namespace kubectl
