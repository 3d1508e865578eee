// Types of every node: Hindley-Milner over CEL's declarations, with upstream's messages.
#pragma once
#include "apimachinery/cel/ast.h"
#include "apimachinery/cel/cel.h"

namespace apimachinery::cel {

// Fills types, overloads and identifiers of the nodes. False: `errors` says why.
bool Check(Ast* ast, const Env& env, Errors* errors);

// Is it the name of a type that programs know?
bool IsTypeName(absl::string_view name);

// After Check: literals of durations, timestamps and regular expressions that cannot be right, lists and maps of
// mixed types.
bool CheckLiterals(const Ast& ast, Errors* errors);

}  // namespace apimachinery::cel
