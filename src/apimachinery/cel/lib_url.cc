// url("https://host:80/path?x=1"): the URL library, and regular expressions that give what they find.
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/function.h"
#include "apimachinery/cel/go_url.h"
#include "apimachinery/cel/opaque.h"
#include "apimachinery/cel/regex.h"
#include "apimachinery/cel/values.h"

namespace apimachinery::cel {
namespace {

struct UrlValue {
  GoUrl url;
  std::string text;
};

struct UrlTraits : BoxDefaults {
  static const TypePtr& Type() {
    static const TypePtr& type = *new TypePtr(StructType("kubernetes.URL"));
    return type;
  }
  static bool Equal(const UrlValue& a, const UrlValue& b) { return a.text == b.text; }
  static int64_t Size(const UrlValue&) { return 1; }
  static absl::string_view GoType(const UrlValue&) { return "cel.URL"; }
  static std::string Native(const UrlValue& u) { return absl::StrCat("(*url.URL)", u.text); }
};
using UrlBox = Boxed<UrlValue, UrlTraits>;

Val ToUrl(Args args) {
  std::string problem = CheckRequestUri(args[0].text());
  UrlValue value;
  value.text = std::string(args[0].text());
  if (problem.empty()) problem = ParseGoUrl(args[0].text(), &value.url);
  if (!problem.empty()) return Val::Error(absl::StrCat("URL parse error during conversion from string: ", problem));
  return UrlBox::Box(std::move(value));
}

Val IsUrl(Args args) {
  GoUrl ignored;
  return Val::Bool(CheckRequestUri(args[0].text()).empty() && ParseGoUrl(args[0].text(), &ignored).empty());
}

Val Scheme(Args args) { return Val::String(UrlBox::Unbox(args[0]).url.scheme); }
Val Host(Args args) { return Val::String(UrlBox::Unbox(args[0]).url.host); }
Val Hostname(Args args) { return Val::String(UrlBox::Unbox(args[0]).url.Hostname()); }
Val Port(Args args) { return Val::String(UrlBox::Unbox(args[0]).url.Port()); }
Val EscapedPath(Args args) { return Val::String(UrlBox::Unbox(args[0]).url.EscapedPath()); }

Val Query(Args args) {
  std::vector<std::pair<std::string, std::vector<Val>>> values;
  for (auto& [key, value] : UrlBox::Unbox(args[0]).url.Query()) {
    auto it = values.begin();
    while (it != values.end() && it->first != key) ++it;
    if (it == values.end()) it = values.insert(it, {key, {}});
    it->second.push_back(Val::String(std::move(value)));
  }
  MapBuilder map;
  for (auto& [key, list] : values) map.Insert(Val::String(key), Val::ListOf(std::move(list)));
  return std::move(map).Build();
}

Val Find(Args args) {
  std::string error;
  const auto regex = CompileRegex(args[1].text(), &error);
  if (regex == nullptr) return Val::Error(absl::StrCat("Illegal regex: ", error));
  size_t begin = 0, end = 0;
  if (!regex->Find(args[0].text(), 0, &begin, &end)) return Val::String("");
  return Val::String(std::string(args[0].text().substr(begin, end - begin)));
}

Val FindAll(Args args) {
  std::string error;
  const auto regex = CompileRegex(args[1].text(), &error);
  if (regex == nullptr) return Val::Error(absl::StrCat("Illegal regex: ", error));
  const absl::string_view text = args[0].text();
  const int64_t limit = args.size() > 2 ? args[2].as_int() : -1;
  std::vector<Val> found;
  size_t at = 0;
  bool after_match = false;  // an empty match may not touch the one before
  while (at <= text.size() && (limit < 0 || static_cast<int64_t>(found.size()) < limit)) {
    size_t begin = 0, end = 0;
    if (!regex->Find(text, at, &begin, &end)) break;
    if (begin == end) {
      if (!(after_match && begin == at)) found.push_back(Val::String(""));
      after_match = false;
      at = begin + 1;
      while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    } else {
      found.push_back(Val::String(std::string(text.substr(begin, end - begin))));
      at = end;
      after_match = true;
    }
  }
  return Val::ListOf(std::move(found));
}

}  // namespace

absl::Span<const OverloadRow> UrlFunctions() {
  static constexpr OverloadRow kRows[] = {
      {"url", "string_to_url", "(string) -> kubernetes.URL", ToUrl},
      {"isURL", "is_url_string", "(string) -> bool", IsUrl},
      {"getScheme", "url_get_scheme", "kubernetes.URL.() -> string", Scheme},
      {"getHost", "url_get_host", "kubernetes.URL.() -> string", Host},
      {"getHostname", "url_get_hostname", "kubernetes.URL.() -> string", Hostname},
      {"getPort", "url_get_port", "kubernetes.URL.() -> string", Port},
      {"getEscapedPath", "url_get_escaped_path", "kubernetes.URL.() -> string", EscapedPath},
      {"getQuery", "url_get_query", "kubernetes.URL.() -> map(string, list(string))", Query},
  };
  return kRows;
}

absl::Span<const OverloadRow> RegexFunctions() {
  static constexpr OverloadRow kRows[] = {
      {"find", "string_find_string", "string.(string) -> string", Find},
      {"findAll", "string_find_all_string", "string.(string) -> list(string)", FindAll},
      {"findAll", "string_find_all_string_int", "string.(string, int) -> list(string)", FindAll},
  };
  return kRows;
}

}  // namespace apimachinery::cel
