#include "apimachinery/names.h"

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace apimachinery {
namespace {

bool Lower(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool Alnum(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }

std::string MaxLen(int length) { return absl::StrCat("must be no more than ", length, " characters"); }
std::string MaxBytes(int length) { return absl::StrCat("must be no more than ", length, " bytes"); }

// Upstream's RegexError: the rule, examples, the expression.
std::string RegexError(absl::string_view rule, absl::string_view regex, std::initializer_list<absl::string_view> examples) {
  std::string text = absl::StrCat(rule, " (");
  if (examples.size() > 0) {
    absl::StrAppend(&text, "e.g. ");
    size_t i = 0;
    for (absl::string_view example : examples) absl::StrAppend(&text, i++ > 0 ? " or " : "", "'", example, "', ");
  }
  return absl::StrCat(text, "regex used for validation is '", regex, "')");
}

constexpr char kEmpty[] = "must be non-empty";
constexpr char kDnsLabelRegex[] = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr char kDnsLabelRule[] =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    "alphanumeric character";
constexpr char kSubdomainRule[] =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
    "with an alphanumeric character";

// One label: `inner` characters with alphanumeric ends.
template <typename Inner>
bool LabelShape(absl::string_view name, bool (*ends)(char), Inner inner) {
  if (name.empty() || !ends(name.front()) || !ends(name.back())) return false;
  for (char c : name) {
    if (!inner(c)) return false;
  }
  return true;
}
bool DnsLabelShape(absl::string_view name) {
  return LabelShape(name, Lower, [](char c) { return Lower(c) || c == '-'; });
}
bool DnsLabelShapeUnderscore(absl::string_view name) {
  return LabelShape(name, Lower, [](char c) { return Lower(c) || c == '-' || c == '_'; });
}
bool QualifiedPartShape(absl::string_view name) {
  return LabelShape(name, Alnum, [](char c) { return Alnum(c) || c == '-' || c == '_' || c == '.'; });
}
bool SubdomainShape(absl::string_view name) {
  for (absl::string_view label : absl::StrSplit(name, '.')) {
    if (!DnsLabelShape(label)) return false;
  }
  return true;
}

}  // namespace

bool IsDns1123LabelOk(absl::string_view name) { return name.size() <= 63 && DnsLabelShape(name); }
bool IsDns1123SubdomainOk(absl::string_view name) { return name.size() <= 253 && SubdomainShape(name); }

Problems IsDns1123Label(absl::string_view name) {
  Problems problems;
  if (name.size() > 63) problems.push_back(MaxLen(63));
  if (!DnsLabelShape(name)) {
    problems.push_back(SubdomainShape(name)
                           ? "must not contain dots"
                           : RegexError(kDnsLabelRule, kDnsLabelRegex, {"my-name", "123-abc"}));
  }
  return problems;
}

Problems IsDns1123LabelWithUnderscore(absl::string_view name) {
  Problems problems;
  if (name.size() > 63) problems.push_back(MaxLen(63));
  if (!DnsLabelShapeUnderscore(name)) {
    problems.push_back(RegexError(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters, '-' or '_', and must start and end "
        "with an alphanumeric character", "[a-z0-9]([-_a-z0-9]*[a-z0-9])?", {"my-name", "123-abc"}));
  }
  return problems;
}

Problems IsDns1123Subdomain(absl::string_view name) {
  Problems problems;
  if (name.size() > 253) problems.push_back(MaxLen(253));
  if (!SubdomainShape(name)) {
    problems.push_back(
        RegexError(kSubdomainRule, absl::StrCat(kDnsLabelRegex, "(\\.", kDnsLabelRegex, ")*"), {"example.com"}));
  }
  return problems;
}

Problems IsDns1123SubdomainWithUnderscore(absl::string_view name) {
  Problems problems;
  if (name.size() > 253) problems.push_back(MaxLen(253));
  for (absl::string_view label : absl::StrSplit(name, '.')) {
    if (DnsLabelShapeUnderscore(label)) continue;
    const std::string label_regex = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
    problems.push_back(RegexError(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start "
        "and end with an alphanumeric character",
        absl::StrCat(label_regex, "(\\.", label_regex, ")*"), {"example.com"}));
    break;
  }
  return problems;
}

Problems IsDns1035Label(absl::string_view name) {
  Problems problems;
  if (name.size() > 63) problems.push_back(MaxLen(63));
  if (!DnsLabelShape(name) || !absl::ascii_islower(name[0])) {
    problems.push_back(RegexError(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and "
        "end with an alphanumeric character", "[a-z]([-a-z0-9]*[a-z0-9])?", {"my-name", "abc-123"}));
  }
  return problems;
}

Problems IsWildcardDns1123Subdomain(absl::string_view name) {
  Problems problems;
  if (name.size() > 253) problems.push_back(MaxLen(253));
  if (!absl::StartsWith(name, "*.") || !SubdomainShape(name.substr(2))) {
    problems.push_back(RegexError(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower "
        "case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        absl::StrCat("\\*\\.", kDnsLabelRegex, "(\\.", kDnsLabelRegex, ")*"), {"*.example.com"}));
  }
  return problems;
}

Problems IsFullyQualifiedName(absl::string_view name) {
  if (name.empty()) return {kEmpty};
  Problems problems = IsDns1123Subdomain(name);
  if (!problems.empty()) return problems;
  if (std::vector<absl::string_view>(absl::StrSplit(name, '.')).size() < 3) {
    return {"should be a domain with at least three segments separated by dots"};
  }
  return {};
}

Problems IsDomainPrefixedPath(absl::string_view path) {
  if (path.empty()) return {kEmpty};
  const size_t slash = path.find('/');
  if (slash == absl::string_view::npos || slash == 0 || slash + 1 == path.size()) {
    return {"must be a domain-prefixed path (such as \"acme.io/foo\")"};
  }
  Problems problems;
  for (const std::string& problem : IsDns1123Subdomain(path.substr(0, slash))) {
    problems.push_back(absl::StrCat("prefix part ", problem));
  }
  return problems;
}

Problems IsQualifiedName(absl::string_view name) {
  constexpr char kPartRule[] =
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  constexpr char kPartRegex[] = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
  Problems problems;
  std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.empty()) parts.push_back("");  // a view without data splits into nothing
  absl::string_view last = parts.back();
  if (parts.size() == 2) {
    if (parts[0].empty()) {
      problems.push_back(absl::StrCat("prefix part ", kEmpty));
    } else {
      for (const std::string& problem : IsDns1123Subdomain(parts[0])) {
        problems.push_back(absl::StrCat("prefix part ", problem));
      }
    }
  } else if (parts.size() > 2) {
    problems.push_back(absl::StrCat(
        "a valid label key ", RegexError(kPartRule, kPartRegex, {"MyName", "my.name", "123-abc"}),
        " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"));
    return problems;
  }
  if (last.empty()) {
    problems.push_back(absl::StrCat("name part ", kEmpty));
  } else if (last.size() > 63) {
    problems.push_back(absl::StrCat("name part ", MaxBytes(63)));
  }
  if (!QualifiedPartShape(last)) {
    problems.push_back(absl::StrCat("name part ", RegexError(kPartRule, kPartRegex, {"MyName", "my.name", "123-abc"})));
  }
  return problems;
}

Problems IsValidLabelValue(absl::string_view value) {
  Problems problems;
  if (value.size() > 63) problems.push_back(MaxBytes(63));
  if (!value.empty() && !QualifiedPartShape(value)) {
    problems.push_back(RegexError(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
        "with an alphanumeric character",
        "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", {"MyValue", "my_value", "12345"}));
  }
  return problems;
}

Problems IsCIdentifier(absl::string_view name) {
  bool fine = !name.empty() && !absl::ascii_isdigit(name[0]);
  for (char c : name) fine = fine && (Alnum(c) || c == '_');
  if (fine) return {};
  return {RegexError(
      "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or "
      "'_'", "[A-Za-z_][A-Za-z0-9_]*", {"my_name", "MY_NAME", "MyName"})};
}

Problems IsConfigMapKey(absl::string_view key) {
  Problems problems;
  if (key.size() > 253) problems.push_back(MaxLen(253));
  bool fine = !key.empty();
  for (char c : key) fine = fine && (Alnum(c) || c == '-' || c == '_' || c == '.');
  if (!fine) {
    problems.push_back(RegexError("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                                  "[-._a-zA-Z0-9]+", {"key.name", "KEY_NAME", "key-name"}));
  }
  if (key == ".") problems.push_back("must not be '.'");
  if (key == "..") {
    problems.push_back("must not be '..'");
  } else if (absl::StartsWith(key, "..")) {
    problems.push_back("must not start with '..'");
  }
  return problems;
}

Problems IsEnvVarName(absl::string_view name) {
  Problems problems;
  bool fine = !name.empty() && !absl::ascii_isdigit(name[0]);
  for (char c : name) fine = fine && (Alnum(c) || c == '-' || c == '_' || c == '.');
  if (!fine) {
    problems.push_back(RegexError(
        "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not "
        "start with a digit", "[-._a-zA-Z][-._a-zA-Z0-9]*", {"my.env-name", "MY_ENV.NAME", "MyEnvName1"}));
  }
  if (name == ".") problems.push_back("must not be '.'");
  if (name == "..") {
    problems.push_back("must not be '..'");
  } else if (absl::StartsWith(name, "..")) {
    problems.push_back("must not start with '..'");
  }
  return problems;
}

Problems IsRelaxedEnvVarName(absl::string_view name) {
  if (name.empty()) return {absl::StrCat("environment variable name ", kEmpty)};
  for (char c : name) {
    if (c < 0x20 || c > 0x7e || c == '=') {
      return {"a valid environment variable name must consist only of printable ASCII characters other than '='"};
    }
  }
  return {};
}

Problems IsValidPortNum(int64_t port) {
  if (port >= 1 && port <= 65535) return {};
  return {"must be between 1 and 65535, inclusive"};
}

Problems IsValidPortName(absl::string_view name) {
  Problems problems;
  if (name.size() > 15) problems.push_back(MaxLen(15));
  bool charset = !name.empty(), letter = false;
  for (char c : name) {
    charset = charset && (Lower(c) || c == '-');
    letter = letter || absl::ascii_islower(c);
  }
  if (!charset) problems.push_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!letter) problems.push_back("must contain at least one letter (a-z)");
  if (absl::StrContains(name, "--")) problems.push_back("must not contain consecutive hyphens");
  if (!name.empty() && (name.front() == '-' || name.back() == '-')) {
    problems.push_back("must not begin or end with a hyphen");
  }
  return problems;
}

Problems IsValidPercent(absl::string_view text) {
  bool fine = text.size() >= 2 && text.back() == '%';
  for (char c : text.substr(0, text.empty() ? 0 : text.size() - 1)) fine = fine && absl::ascii_isdigit(c);
  if (fine) return {};
  return {RegexError("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%",
                     {"1%", "93%"})};
}

Problems IsHttpHeaderName(absl::string_view name) {
  bool fine = !name.empty();
  for (char c : name) fine = fine && (Alnum(c) || c == '-');
  if (fine) return {};
  return {RegexError("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+",
                     {"X-Header-Name"})};
}

Problems IsPathSegmentPrefix(absl::string_view name) {
  Problems problems;
  for (absl::string_view bad : {"/", "%"}) {
    if (absl::StrContains(name, bad)) problems.push_back(absl::StrCat("may not contain '", bad, "'"));
  }
  return problems;
}

Problems IsPathSegmentName(absl::string_view name) {
  for (absl::string_view bad : {".", ".."}) {
    if (name == bad) return {absl::StrCat("may not be '", bad, "'")};
  }
  return IsPathSegmentPrefix(name);
}

}  // namespace apimachinery
