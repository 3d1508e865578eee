// URLs as Go's net/url reads them: its rules and its words, which upstream's messages repeat.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace apiserver::validation {

struct GoUrl {
  std::string problem;  // `parse "x:": first path segment in URL cannot contain colon`; empty: it is a URL
  std::string scheme;   // lower case
  std::string host;     // with its port
  std::string user, query, fragment;
  bool has_user = false;
};

GoUrl ParseGoUrl(absl::string_view text);         // url.Parse
GoUrl ParseGoRequestUri(absl::string_view text);  // url.ParseRequestURI: absolute, no fragment

}  // namespace apiserver::validation
