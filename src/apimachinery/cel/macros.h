// Macros: calls that the parser replaces by other expressions (has, all, exists, map, filter, optMap, ...).
#pragma once
#include <string>
#include <vector>

#include "apimachinery/cel/ast.h"

namespace apimachinery::cel {

// The replacement of `name(args)` or `target.name(args)` at `offset`; nullptr when it is no macro. Misuse is reported
// and gives an unspecified node.
Expr* ExpandMacro(Ast* ast, Errors* errors, absl::string_view name, Expr* target, std::vector<Expr*> args, int offset);

}  // namespace apimachinery::cel
