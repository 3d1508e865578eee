// Files of one directory over HTTP, for the local proxy's --www.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace kubectl {

// A whole HTTP/1.1 answer that closes its connection.
std::string HttpAnswer(int code, absl::string_view reason, absl::string_view content_type, absl::string_view body,
                       absl::string_view more_headers = "");
// "404 page not found", "Forbidden": Go's plain errors.
std::string HttpError(int code, absl::string_view reason, absl::string_view text);

// The answer to a GET of `path` below `root`: a file, index.html, a listing, a redirect, or not found. Links that lead out
// of the root are not followed.
std::string ServeFile(const std::string& root, const std::string& path);

}  // namespace kubectl
