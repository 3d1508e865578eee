// Text as upstream's messages quote it.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace apiserver::auth {

// As GoQuote.
std::string Quote(absl::string_view text);
// ["a" "b"]
std::string QuoteList(const std::vector<std::string>& texts);

}  // namespace apiserver::auth
