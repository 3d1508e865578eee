// URLs as Go's net/url reads them. Pure.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace apimachinery::cel {

struct GoUrl {
  std::string scheme, opaque, user, host;  // host with its port and brackets
  std::string path, raw_path;              // decoded; as written where that differs from the usual encoding
  std::string query, fragment;
  bool has_user = false, force_query = false;

  std::string Hostname() const;
  std::string Port() const;
  std::string EscapedPath() const;
  // Decoded, in the order written; pairs that do not decode are left out.
  std::vector<std::pair<std::string, std::string>> Query() const;
};

// url.ParseRequestURI's verdict: "" or `parse "x": invalid URI for request`.
std::string CheckRequestUri(absl::string_view text);
// url.Parse: "" and `out`, or the error.
std::string ParseGoUrl(absl::string_view text, GoUrl* out);

}  // namespace apimachinery::cel
