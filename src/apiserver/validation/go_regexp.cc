#include "apiserver/validation/go_regexp.h"

#include <re2/re2.h>

#include "absl/strings/match.h"
#include "apimachinery/cel/go_regexp_error.h"

namespace apiserver::validation {
std::string GoRegexpProblem(absl::string_view expression) {
  if (expression.size() > apimachinery::cel::kMaxExpression) return apimachinery::cel::ExpressionTooLarge(expression);
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
  return apimachinery::cel::GoRegexpError(re, expression);
}

}  // namespace apiserver::validation
