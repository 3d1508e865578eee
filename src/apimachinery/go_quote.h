// Go's strconv.Quote, as its %q prints strings: what messages quote values with.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace apimachinery {

std::string GoQuote(absl::string_view text);

}  // namespace apimachinery
