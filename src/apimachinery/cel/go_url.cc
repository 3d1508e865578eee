#include "apimachinery/cel/go_url.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/go_quote.h"

namespace apimachinery::cel {
namespace {

enum class Part { kPath, kHost, kZone, kUser, kQuery, kFragment };

bool Unreserved(char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~'; }

// Go's shouldEscape.
bool MustEscape(char c, Part part) {
  if (absl::ascii_isalnum(c)) return false;
  if (part == Part::kHost || part == Part::kZone) {
    if (absl::string_view("!$&'()*+,;=:[]<>\"").find(c) != absl::string_view::npos) return false;
  }
  if (Unreserved(c)) return false;
  if (absl::string_view("$&+,/:;=?@").find(c) != absl::string_view::npos) {
    switch (part) {
      case Part::kPath: return c == '?';
      case Part::kUser: return c == '@' || c == '/' || c == '?' || c == ':';
      case Part::kQuery: return true;
      case Part::kFragment: return false;
      default: break;
    }
  }
  if (part == Part::kFragment && absl::string_view("!()*").find(c) != absl::string_view::npos) return false;
  return true;
}

std::string Escape(absl::string_view text, Part part) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' && part == Part::kQuery) {
      out += '+';
    } else if (MustEscape(c, part)) {
      constexpr char kHex[] = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      out += c;
    }
  }
  return out;
}

int HexDigit(char c) { return absl::ascii_isdigit(c) ? c - '0' : absl::ascii_tolower(c) - 'a' + 10; }

// The error, or "".
std::string Unescape(absl::string_view text, Part part, std::string* out) {
  out->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !absl::ascii_isxdigit(text[i + 1]) || !absl::ascii_isxdigit(text[i + 2])) {
        return absl::StrCat("invalid URL escape ", GoQuote(text.substr(i, 3)));
      }
      const int byte = HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]);
      if (part == Part::kHost && byte < 0x80 && text.substr(i, 3) != "%25") {
        return absl::StrCat("invalid URL escape ", GoQuote(text.substr(i, 3)));
      }
      out->push_back(static_cast<char>(byte));
      i += 2;
    } else if (text[i] == '+' && part == Part::kQuery) {
      out->push_back(' ');
    } else {
      if ((part == Part::kHost || part == Part::kZone) && static_cast<unsigned char>(text[i]) < 0x80 &&
          MustEscape(text[i], part)) {
        return absl::StrCat("invalid character ", GoQuote(text.substr(i, 1)), " in host name");
      }
      out->push_back(text[i]);
    }
  }
  return "";
}

std::string BadPort(absl::string_view port) {
  for (const char c : port.substr(1)) {
    if (!absl::ascii_isdigit(c)) return absl::StrCat("invalid port ", GoQuote(port), " after host");
  }
  return "";
}

std::string ParseHost(absl::string_view host, std::string* out) {
  if (const size_t open = host.rfind('['); open != absl::string_view::npos && open > 0) {
    return "invalid IP-literal";
  }
  if (absl::StartsWith(host, "[")) {
    const size_t close = host.rfind(']');
    if (close == absl::string_view::npos) return "missing ']' in host";
    const absl::string_view port = host.substr(close + 1);
    if (!port.empty() && port[0] != ':') return absl::StrCat("invalid port ", GoQuote(port), " after host");
    if (!port.empty()) {
      if (std::string bad = BadPort(port); !bad.empty()) return bad;
    }
  } else if (const size_t colon = host.rfind(':'); colon != absl::string_view::npos) {
    if (std::string bad = BadPort(host.substr(colon)); !bad.empty()) return bad;
  }
  return Unescape(host, Part::kHost, out);
}

std::string ParseAuthority(absl::string_view authority, GoUrl* out) {
  const size_t at = authority.rfind('@');
  if (std::string bad = ParseHost(at == absl::string_view::npos ? authority : authority.substr(at + 1), &out->host); !bad.empty()) {
    return bad;
  }
  if (at == absl::string_view::npos) return "";
  const absl::string_view user = authority.substr(0, at);
  for (const char c : user) {
    if (!absl::ascii_isalnum(c) && absl::string_view("-._:~!$&'()*+,;=%@").find(c) == absl::string_view::npos) {
      return "net/url: invalid userinfo";
    }
  }
  out->has_user = true;
  return Unescape(user, Part::kUser, &out->user);
}

// The scheme before the first colon. The error, or "".
std::string TakeScheme(absl::string_view* text, std::string* scheme) {
  for (size_t i = 0; i < text->size(); ++i) {
    const char c = (*text)[i];
    if (absl::ascii_isalpha(c)) continue;
    if (absl::ascii_isdigit(c) || c == '+' || c == '-' || c == '.') {
      if (i == 0) return "";
      continue;
    }
    if (c != ':') return "";
    if (i == 0) return "missing protocol scheme";
    *scheme = absl::AsciiStrToLower(text->substr(0, i));
    text->remove_prefix(i + 1);
    return "";
  }
  return "";
}

std::string Parse(absl::string_view rest, bool via_request, GoUrl* out) {
  for (const char c : rest) {
    if (absl::ascii_iscntrl(c)) return "net/url: invalid control character in URL";
  }
  if (rest.empty() && via_request) return "empty url";
  if (rest == "*") {
    out->path.assign(1, '*');
    return "";
  }
  if (std::string bad = TakeScheme(&rest, &out->scheme); !bad.empty()) return bad;
  if (absl::EndsWith(rest, "?") && rest.find('?') == rest.size() - 1) {
    out->force_query = true;
    rest.remove_suffix(1);
  } else if (const size_t at = rest.find('?'); at != absl::string_view::npos) {
    out->query = std::string(rest.substr(at + 1));
    rest = rest.substr(0, at);
  }
  if (!absl::StartsWith(rest, "/")) {
    if (!out->scheme.empty()) {
      out->opaque = std::string(rest);
      return "";
    }
    if (via_request) return "invalid URI for request";
    const absl::string_view segment = rest.substr(0, rest.find('/'));
    if (absl::StrContains(segment, ":")) return "first path segment in URL cannot contain colon";
  }
  if ((!out->scheme.empty() || (!via_request && !absl::StartsWith(rest, "///"))) && absl::StartsWith(rest, "//")) {
    const absl::string_view authority = rest.substr(2, rest.find('/', 2) == absl::string_view::npos
                                                           ? absl::string_view::npos
                                                           : rest.find('/', 2) - 2);
    rest.remove_prefix(2 + authority.size());
    if (std::string bad = ParseAuthority(authority, out); !bad.empty()) return bad;
  }
  if (std::string bad = Unescape(rest, Part::kPath, &out->path); !bad.empty()) return bad;
  if (Escape(out->path, Part::kPath) != rest) out->raw_path = std::string(rest);
  return "";
}

std::string Told(absl::string_view text, const std::string& problem) {
  return problem.empty() ? "" : absl::StrCat("parse ", GoQuote(text), ": ", problem);
}

}  // namespace

std::string CheckRequestUri(absl::string_view text) {
  GoUrl ignored;
  return Told(text, Parse(text, true, &ignored));
}

std::string ParseGoUrl(absl::string_view text, GoUrl* out) {
  const size_t hash = text.find('#');
  const absl::string_view before = text.substr(0, hash);
  if (std::string bad = Told(before, Parse(before, false, out)); !bad.empty()) return bad;
  if (hash == absl::string_view::npos) return "";
  return Told(text, Unescape(text.substr(hash + 1), Part::kFragment, &out->fragment));
}

std::string GoUrl::Hostname() const {
  std::string name = host;
  const std::string port = Port();
  if (const size_t colon = name.rfind(':'); colon != std::string::npos && (!port.empty() || colon + 1 == name.size())) {
    name.resize(colon);
  }
  if (name.size() >= 2 && name.front() == '[' && name.back() == ']') return name.substr(1, name.size() - 2);
  return name;
}

std::string GoUrl::Port() const {
  const size_t colon = host.rfind(':');
  if (colon == std::string::npos || host.find(']', colon) != std::string::npos) return "";
  const std::string port = host.substr(colon + 1);
  for (const char c : port) {
    if (!absl::ascii_isdigit(c)) return "";
  }
  return port;
}

std::string GoUrl::EscapedPath() const {
  if (!raw_path.empty()) {
    std::string decoded;
    const auto valid = [](char c) {
      return absl::string_view("!$&'()*+,;=:@[]%").find(c) != absl::string_view::npos || !MustEscape(c, Part::kPath);
    };
    bool all = true;
    for (const char c : raw_path) all = all && valid(c);
    if (all && Unescape(raw_path, Part::kPath, &decoded).empty() && decoded == path) return raw_path;
  }
  return path == "*" ? "*" : Escape(path, Part::kPath);
}

std::vector<std::pair<std::string, std::string>> GoUrl::Query() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const absl::string_view pair : absl::StrSplit(query, '&', absl::SkipEmpty())) {
    if (absl::StrContains(pair, ";")) continue;
    const size_t equals = pair.find('=');
    std::string key, value;
    if (!Unescape(pair.substr(0, equals), Part::kQuery, &key).empty()) continue;
    if (equals != absl::string_view::npos && !Unescape(pair.substr(equals + 1), Part::kQuery, &value).empty()) continue;
    out.emplace_back(std::move(key), std::move(value));
  }
  return out;
}

}  // namespace apimachinery::cel
