// Text into a tree, macros expanded. Recursive descent, bounded as upstream is: 100,000 code points, 250 levels.
#pragma once
#include "apimachinery/cel/ast.h"
#include "apimachinery/cel/source.h"

namespace apimachinery::cel {

// Fills `ast->root`. False: `errors` says what upstream's parser says.
bool Parse(Ast* ast, Errors* errors);

}  // namespace apimachinery::cel
