#include "apimachinery/cel/syntax_diagnosis.h"

#include "absl/strings/str_cat.h"

namespace apimachinery::cel {

void DiagnoseSyntax(const Source& source, const std::vector<Lexeme>& tokens, Errors* errors) {
  const Lexeme& last = tokens.back();
  errors->Add(last.begin, absl::StrCat("Syntax error: mismatched input '", last.token == Token::kEnd ? "<EOF>" : source.Text(last.begin, last.end), "'"));
}

}  // namespace apimachinery::cel
