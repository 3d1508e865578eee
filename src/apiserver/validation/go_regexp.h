// Regular expressions as Go's regexp package judges them.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace apiserver::validation {

// "error parsing regexp: missing closing ): `(a`"; empty when the expression compiles.
std::string GoRegexpProblem(absl::string_view expression);

}  // namespace apiserver::validation
