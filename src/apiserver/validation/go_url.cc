#include "apiserver/validation/go_url.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"

namespace apiserver::validation {
namespace {

enum class Part { kPath, kHost, kUser, kFragment };

// What may not stand in a host name as it is.
bool BadInHost(char c) {
  return static_cast<unsigned char>(c) < 0x80 && !absl::ascii_isalnum(c) &&
         absl::string_view("-_.~!$&'()*+,;=:[]<>\"").find(c) == absl::string_view::npos;
}

// The problem with the escapes of `text`, empty when there is none.
std::string EscapeProblem(absl::string_view text, Part part) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const absl::string_view escape = text.substr(i, 3);
      const bool hex = escape.size() == 3 && absl::ascii_isxdigit(escape[1]) && absl::ascii_isxdigit(escape[2]);
      // A host may escape what is not ASCII, and the percent sign.
      if (!hex || (part == Part::kHost && escape[1] < '8' && escape != "%25")) {
        return absl::StrCat("invalid URL escape ", apimachinery::GoQuote(escape));
      }
      i += 2;
    } else if (part == Part::kHost && BadInHost(text[i])) {
      return absl::StrCat("invalid character ", apimachinery::GoQuote(text.substr(i, 1)), " in host name");
    }
  }
  return "";
}

bool ValidPort(absl::string_view text) {  // "", ":" or ":80"
  return text.empty() || (text[0] == ':' && std::all_of(text.begin() + 1, text.end(), absl::ascii_isdigit));
}

std::string ReadHost(absl::string_view host, GoUrl& url) {
  const auto bad_port = [](absl::string_view port) {
    return absl::StrCat("invalid port ", apimachinery::GoQuote(port), " after host");
  };
  if (absl::StartsWith(host, "[")) {
    const size_t close = host.rfind(']');
    if (close == absl::string_view::npos) return "missing ']' in host";
    if (!ValidPort(host.substr(close + 1))) return bad_port(host.substr(close + 1));
  } else if (const size_t colon = host.rfind(':'); colon != absl::string_view::npos && !ValidPort(host.substr(colon))) {
    return bad_port(host.substr(colon));
  }
  url.host = std::string(host);
  return EscapeProblem(host, Part::kHost);
}

std::string ReadAuthority(absl::string_view authority, GoUrl& url) {
  const size_t at = authority.rfind('@');
  if (std::string problem = ReadHost(at == absl::string_view::npos ? authority : authority.substr(at + 1), url);
      !problem.empty() || at == absl::string_view::npos) {
    return problem;
  }
  const absl::string_view user = authority.substr(0, at);
  const bool valid = std::all_of(user.begin(), user.end(), [](char c) {
    return absl::ascii_isalnum(c) || absl::string_view("-._:~!$&'()*+,;=%@").find(c) != absl::string_view::npos;
  });
  if (!valid) return "net/url: invalid userinfo";
  url.user = std::string(user);
  url.has_user = true;
  return EscapeProblem(user, Part::kUser);
}

std::string Read(absl::string_view rest, bool request, GoUrl& url) {
  if (std::any_of(rest.begin(), rest.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
    return "net/url: invalid control character in URL";
  }
  if (rest.empty() && request) return "empty url";
  if (rest == "*") return "";
  // The scheme: a letter, then letters, digits, '+', '-', '.'; anything else before the colon means there is none.
  size_t length = 0;
  while (length < rest.size() && (absl::ascii_isalpha(rest[length]) ||
                                  (length > 0 && (absl::ascii_isdigit(rest[length]) || rest[length] == '+' ||
                                                  rest[length] == '-' || rest[length] == '.')))) {
    ++length;
  }
  if (length < rest.size() && rest[length] == ':') {
    if (length == 0) return "missing protocol scheme";
    url.scheme = absl::AsciiStrToLower(rest.substr(0, length));
    rest.remove_prefix(length + 1);
  }
  if (const size_t question = rest.find('?'); question != absl::string_view::npos) {
    url.query = std::string(rest.substr(question + 1));
    rest = rest.substr(0, question);
  }
  if (!absl::StartsWith(rest, "/")) {
    if (!url.scheme.empty()) return "";  // opaque: mailto:x
    if (request) return "invalid URI for request";
    if (absl::StrContains(rest.substr(0, rest.find('/')), ":")) return "first path segment in URL cannot contain colon";
  }
  const bool may_have_host = !url.scheme.empty() || (!request && !absl::StartsWith(rest, "///"));
  if (may_have_host && absl::StartsWith(rest, "//")) {
    absl::string_view authority = rest.substr(2);
    const size_t slash = authority.find('/');
    rest = slash == absl::string_view::npos ? "" : authority.substr(slash);
    authority = authority.substr(0, slash);
    if (std::string problem = ReadAuthority(authority, url); !problem.empty()) return problem;
  }
  return EscapeProblem(rest, Part::kPath);
}

std::string Problem(absl::string_view text, absl::string_view problem) {
  return problem.empty() ? "" : absl::StrCat("parse ", apimachinery::GoQuote(text), ": ", problem);
}

}  // namespace

GoUrl ParseGoUrl(absl::string_view text) {
  GoUrl url;
  const size_t hash = text.find('#');
  const absl::string_view before = text.substr(0, hash);
  url.problem = Problem(before, Read(before, false, url));
  if (!url.problem.empty() || hash == absl::string_view::npos) return url;
  url.fragment = std::string(text.substr(hash + 1));
  url.problem = Problem(text, EscapeProblem(url.fragment, Part::kFragment));
  return url;
}

GoUrl ParseGoRequestUri(absl::string_view text) {
  GoUrl url;
  url.problem = Problem(text, Read(text, true, url));
  return url;
}

}  // namespace apiserver::validation
