// What Go's regexp package says of an expression that RE2 refuses.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace re2 {
class RE2;
}

namespace apimachinery::cel {

// REQUIRES: !compiled.ok(). "error parsing regexp: missing closing ): `(a`"
std::string GoRegexpError(const re2::RE2& compiled, absl::string_view expression);

}  // namespace apimachinery::cel
