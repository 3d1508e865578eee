// Go's fmt verbs, as upstream's messages use them.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apimachinery {

std::string GoQuote(absl::string_view text);  // %q of a string
std::string GoFormat(const Value& value);     // %v of decoded JSON: map[a:1 b:[x <nil>]]
std::string GoFormatAsText(const Value& value);  // %s of it: what is no text says so, %!s(int64=1)

}  // namespace apimachinery
