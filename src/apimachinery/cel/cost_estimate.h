// The most an expression can cost, from declared sizes: what upstream decides by which rules a CRD may hold.
#pragma once
#include "apimachinery/cel/ast.h"
#include "apimachinery/cel/cel.h"

namespace apimachinery::cel {

// Of a checked expression. `root`: as Program::EstimateCost.
CostEstimate EstimateCost(const Ast& ast, const DeclType* root);

}  // namespace apimachinery::cel
