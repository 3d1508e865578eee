// Accept headers, read as upstream's two readers do: the router, which knows only whole media types, and the negotiation
// behind it, which weighs clauses and their parameters. Pure; any thread.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace apiserver::http {

struct AcceptClause {
  std::string type, subtype;  // "application", "json"; "*" matches anything
  std::vector<std::pair<std::string, std::string>> params;  // without q
  double quality = 1;

  bool Matches(absl::string_view media_type) const;  // "application/json"
  absl::string_view Param(absl::string_view name) const;  // "" when absent
};

// Best first. Clauses that are no media ranges are left out.
std::vector<AcceptClause> ParseAccept(absl::string_view header);

// Whether a route that produces these types is tried at all: the header is empty, or names one of them or */* literally.
bool RouterAccepts(absl::string_view header, absl::Span<const absl::string_view> produces);

// Whether "gzip" is among the encodings, as the response writer of objects reads the header: whole tokens, no weights.
bool NamesGzip(absl::string_view accept_encoding);
// The same as libraries read it: any case, and not with a weight of zero.
bool WantsGzip(absl::string_view accept_encoding);

absl::string_view MediaType(absl::string_view content_type);  // without parameters

}  // namespace apiserver::http
