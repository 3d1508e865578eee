// What is wrong with an expression that does not parse, in the words of upstream's generated parser.
#pragma once
#include <vector>

#include "apimachinery/cel/lexer.h"
#include "apimachinery/cel/source.h"

namespace apimachinery::cel {

// REQUIRES: the tokens are no expression. Only called then: it is slow where the parser is fast.
void DiagnoseSyntax(const Source& source, const std::vector<Lexeme>& tokens, Errors* errors);

}  // namespace apimachinery::cel
