#include "apiserver/validation/go_regexp.h"

#include <re2/re2.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace apiserver::validation {
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

std::string GoRegexpProblem(absl::string_view expression) {
  // Go also knows (?<name>...) for (?P<name>...).
  std::string pattern;
  for (size_t i = 0; i < expression.size(); ++i) {
    pattern.push_back(expression[i]);
    if (expression[i] == '\\' && i + 1 < expression.size()) {
      pattern.push_back(expression[++i]);
    } else if (absl::StartsWith(expression.substr(i), "(?<") && i + 3 < expression.size() && expression[i + 3] != '=' &&
               expression[i + 3] != '!') {
      pattern.append("?P");
      ++i;
    }
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(64 << 20);
  const RE2 re(pattern, options);
  if (re.ok()) return "";
  std::string at = re.error_arg();
  // Go shows the whole expression where a bracket is missing, and nothing after a trailing backslash.
  if (re.error_code() == RE2::ErrorMissingParen || re.error_code() == RE2::ErrorUnexpectedParen) at = std::string(expression);
  if (re.error_code() == RE2::ErrorTrailingBackslash) at.clear();
  return absl::StrCat("error parsing regexp: ", Words(re.error_code()), ": `", at, "`");
}

}  // namespace apiserver::validation
