#include "apiserver/http/accept.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace apiserver::http {
namespace {

using absl::string_view;

bool ParseClause(string_view text, AcceptClause* clause) {
  const std::vector<string_view> pieces = absl::StrSplit(text, ';');
  const std::vector<string_view> range = absl::StrSplit(absl::StripAsciiWhitespace(pieces[0]), '/');
  clause->type = std::string(absl::StripAsciiWhitespace(range[0]));
  if (range.size() == 1) {
    if (clause->type != "*") return false;
    clause->subtype = "*";
  } else if (range.size() == 2) {
    clause->subtype = std::string(absl::StripAsciiWhitespace(range[1]));
    if (clause->subtype.empty()) return false;
  } else {
    return false;
  }
  for (size_t i = 1; i < pieces.size(); ++i) {
    const std::vector<string_view> pair = absl::StrSplit(pieces[i], '=');
    if (pair.size() != 2) continue;
    const string_view name = absl::StripAsciiWhitespace(pair[0]);
    if (name == "q") {
      if (!absl::SimpleAtod(pair[1], &clause->quality)) clause->quality = 0;
    } else {
      clause->params.emplace_back(name, absl::StripAsciiWhitespace(pair[1]));
    }
  }
  return true;
}

}  // namespace

bool AcceptClause::Matches(string_view media_type) const {
  const size_t slash = media_type.find('/');
  return (type == "*" || type == media_type.substr(0, slash)) &&
         (subtype == "*" || subtype == media_type.substr(slash + 1));
}

string_view AcceptClause::Param(string_view name) const {
  for (const auto& [key, value] : params) {
    if (key == name) return value;
  }
  return "";
}

std::vector<AcceptClause> ParseAccept(string_view header) {
  std::vector<AcceptClause> clauses;
  for (const string_view part : absl::StrSplit(header, ',')) {
    AcceptClause clause;
    if (ParseClause(absl::StripAsciiWhitespace(part), &clause)) clauses.push_back(std::move(clause));
  }
  std::stable_sort(clauses.begin(), clauses.end(), [](const AcceptClause& a, const AcceptClause& b) {
    if (a.quality != b.quality) return a.quality > b.quality;
    if ((a.type == "*") != (b.type == "*")) return b.type == "*";
    return a.subtype != "*" && b.subtype == "*";
  });
  return clauses;
}

bool RouterAccepts(string_view header, absl::Span<const string_view> produces) {
  if (header.empty()) return true;
  for (string_view part : absl::StrSplit(header, ',')) {
    part = part.substr(0, part.find(';'));
    while (absl::ConsumePrefix(&part, " ")) {
    }
    while (absl::ConsumeSuffix(&part, " ")) {
    }
    if (part == "*/*" || std::find(produces.begin(), produces.end(), part) != produces.end()) return true;
  }
  return false;
}

bool NamesGzip(string_view accept_encoding) {
  for (const string_view part : absl::StrSplit(accept_encoding, ',')) {
    if (absl::StripAsciiWhitespace(part) == "gzip") return true;
  }
  return false;
}

bool WantsGzip(string_view accept_encoding) {
  for (const string_view part : absl::StrSplit(accept_encoding, ',')) {
    const std::vector<string_view> pieces = absl::StrSplit(part, ';');
    if (!absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(pieces[0]), "gzip")) continue;
    double weight = 1;
    for (size_t i = 1; i < pieces.size(); ++i) {
      string_view piece = absl::StripAsciiWhitespace(pieces[i]);
      if (absl::ConsumePrefix(&piece, "q=") && !absl::SimpleAtod(piece, &weight)) weight = 0;
    }
    return weight > 0;
  }
  return false;
}

string_view MediaType(string_view content_type) {
  return absl::StripAsciiWhitespace(content_type.substr(0, content_type.find(';')));
}

}  // namespace apiserver::http
