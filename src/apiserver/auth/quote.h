// Text as upstream's messages quote it.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace apiserver::auth {

// `text` in double quotes; quotes, backslashes, control characters and bytes that are no UTF-8 escaped.
std::string Quote(absl::string_view text);
// ["a" "b"]
std::string QuoteList(const std::vector<std::string>& texts);

}  // namespace apiserver::auth
