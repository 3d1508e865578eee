#include "apimachinery/cel/go_regexp_error.h"

#include <re2/re2.h>

#include "absl/strings/str_cat.h"

namespace apimachinery::cel {
namespace {

// RE2 and Go's regexp share syntax and author; their words differ a little.
const char* Words(RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorBadEscape: return "invalid escape sequence";
    case RE2::ErrorBadCharClass: return "invalid character class";
    case RE2::ErrorBadCharRange: return "invalid character class range";
    case RE2::ErrorMissingBracket: return "missing closing ]";
    case RE2::ErrorMissingParen: return "missing closing )";
    case RE2::ErrorUnexpectedParen: return "unexpected )";
    case RE2::ErrorTrailingBackslash: return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument: return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize: return "invalid repeat count";
    case RE2::ErrorRepeatOp: return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp: return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8: return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture: return "invalid named capture";
    case RE2::ErrorPatternTooLarge: return "expression too large";
    default: return "regexp/syntax: internal error";
  }
}

}  // namespace

std::string ExpressionTooLarge(absl::string_view expression) {
  return absl::StrCat("error parsing regexp: expression too large: `", expression.substr(0, 100), "`");
}

std::string GoRegexpError(const RE2& compiled, absl::string_view expression) {
  const RE2::ErrorCode code = compiled.error_code();
  absl::string_view at = compiled.error_arg();
  // Go shows the whole expression where a bracket is missing, and nothing after a trailing backslash.
  if (code == RE2::ErrorMissingParen || code == RE2::ErrorUnexpectedParen) at = expression;
  if (code == RE2::ErrorTrailingBackslash) at = "";
  return absl::StrCat("error parsing regexp: ", Words(code), ": `", at, "`");
}

}  // namespace apimachinery::cel
