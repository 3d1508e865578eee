// Compiling the expressions of admission policies and webhooks. Pure; any thread.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/cel/cel.h"

namespace apimachinery::expressions {

// What an expression may evaluate to.
enum class Returns { kBool, kString, kStringOrNull, kAny };

// object, oldObject, request, namespaceObject; params and authorizer (with authorizer.requestResource) where they exist.
cel::Env AdmissionEnv(bool has_params, bool has_authorizer);

// The variable `variables`, with a field for each of a policy's variables compiled so far.
void DeclareVariables(cel::Env* env, std::map<std::string, cel::TypePtr> fields);

// InvalidArgument with upstream's text: "compilation failed: ERROR: <input>:1:1: ...", "must evaluate to bool but got int".
absl::StatusOr<cel::Program> Compile(absl::string_view expression, const cel::Env& env,
                                                   Returns returns);

}  // namespace apimachinery::expressions
