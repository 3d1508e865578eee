// What Go's regexp package says of an expression that RE2 refuses.
#pragma once
#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace re2 {
class RE2;
}

namespace apimachinery::cel {

// RE2 compiles some expressions in a time that grows with the square of their length ("a?a?a?..."): longer ones than this
// are refused, where Go has limits of another kind. The longest takes a second.
inline constexpr size_t kMaxExpression = 64 << 10;
std::string ExpressionTooLarge(absl::string_view expression);

// REQUIRES: !compiled.ok(). "error parsing regexp: missing closing ): `(a`"
std::string GoRegexpError(const re2::RE2& compiled, absl::string_view expression);

}  // namespace apimachinery::cel
