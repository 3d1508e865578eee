// Addresses of other servers as Go's net/url writes them: what they see is what upstream's proxy would send. Pure.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "base/http/message.h"

namespace apiserver::aggregation {

std::string EscapePath(absl::string_view decoded);      // "/a b" → "/a%20b"
std::string EncodeQuery(base::http::QueryParams params);  // by name; "a=1&a=+x&b="
std::string EscapeHeaderKey(absl::string_view key);     // of X-Remote-Extra-KEY

}  // namespace apiserver::aggregation
