#include "apimachinery/cel/semver.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apimachinery/go_quote.h"

namespace apimachinery::cel {
namespace {

bool AllDigits(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c); });
}
bool AllPlain(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-'; });
}

std::string ParseNumber(absl::string_view text, uint64_t* out) {
  if (absl::SimpleAtoi(text, out)) return "";
  return absl::StrCat("strconv.ParseUint: parsing ", GoQuote(text), ": ",
                      text.empty() ? "invalid syntax" : "value out of range");
}

std::string ParseElement(absl::string_view name, absl::string_view text, uint64_t* out) {
  if (!AllDigits(text)) {
    return absl::StrCat("Invalid character(s) found in ", absl::AsciiStrToLower(name), " number ", GoQuote(text));
  }
  if (text.size() > 1 && text[0] == '0') {
    return absl::StrCat(name, " number must not contain leading zeroes ", GoQuote(text));
  }
  return ParseNumber(text, out);
}

std::string ParsePre(absl::string_view text, Semver::Pre* out) {
  if (text.empty()) return "Prerelease is empty";
  if (AllDigits(text)) {
    if (text.size() > 1 && text[0] == '0') {
      return absl::StrCat("Numeric PreRelease version must not contain leading zeroes ", GoQuote(text));
    }
    out->numeric = true;
    return ParseNumber(text, &out->number);
  }
  if (!AllPlain(text)) return absl::StrCat("Invalid character(s) found in prerelease ", GoQuote(text));
  out->text = std::string(text);
  return "";
}

// At most three parts; the last one keeps its dots.
std::vector<std::string> ThreeParts(absl::string_view text) {
  std::vector<std::string> parts;
  while (parts.size() < 2 && absl::StrContains(text, ".")) {
    const size_t dot = text.find('.');
    parts.emplace_back(text.substr(0, dot));
    text.remove_prefix(dot + 1);
  }
  parts.emplace_back(text);
  return parts;
}

template <typename T>
int Order(const T& a, const T& b) { return a < b ? -1 : b < a ? 1 : 0; }

int ComparePre(const Semver::Pre& a, const Semver::Pre& b) {
  if (a.numeric != b.numeric) return a.numeric ? -1 : 1;
  return a.numeric ? Order(a.number, b.number) : Order(a.text, b.text);
}

}  // namespace

int Semver::Compare(const Semver& other) const {
  if (const int order = Order(major, other.major)) return order;
  if (const int order = Order(minor, other.minor)) return order;
  if (const int order = Order(patch, other.patch)) return order;
  if (pre.empty() || other.pre.empty()) return pre.empty() == other.pre.empty() ? 0 : pre.empty() ? 1 : -1;
  for (size_t i = 0; i < pre.size() && i < other.pre.size(); ++i) {
    if (const int order = ComparePre(pre[i], other.pre[i])) return order;
  }
  return Order(pre.size(), other.pre.size());
}

std::string ParseSemver(absl::string_view text, Semver* out) {
  if (text.empty()) return "Version string empty";
  const std::vector<std::string> parts = ThreeParts(text);
  if (parts.size() != 3) return "No Major.Minor.Patch elements found";
  if (std::string bad = ParseElement("Major", parts[0], &out->major); !bad.empty()) return bad;
  if (std::string bad = ParseElement("Minor", parts[1], &out->minor); !bad.empty()) return bad;
  absl::string_view patch = parts[2], build, pre;
  const size_t plus = patch.find('+');
  if (plus != absl::string_view::npos) {
    build = patch.substr(plus + 1);
    patch = patch.substr(0, plus);
  }
  const size_t dash = patch.find('-');
  if (dash != absl::string_view::npos) {
    pre = patch.substr(dash + 1);
    patch = patch.substr(0, dash);
  }
  if (std::string bad = ParseElement("Patch", patch, &out->patch); !bad.empty()) return bad;
  if (dash != absl::string_view::npos) {
    for (const absl::string_view one : absl::StrSplit(pre, '.')) {
      out->pre.emplace_back();
      if (std::string bad = ParsePre(one, &out->pre.back()); !bad.empty()) return bad;
    }
  }
  if (plus != absl::string_view::npos) {
    for (const absl::string_view one : absl::StrSplit(build, '.')) {
      if (one.empty()) return "Build meta data is empty";
      if (!AllPlain(one)) return absl::StrCat("Invalid character(s) found in build meta data ", GoQuote(one));
    }
  }
  return "";
}

std::string ParseSemverTolerant(absl::string_view text, Semver* out) {
  if (absl::StartsWith(text, "v")) text.remove_prefix(1);
  std::vector<std::string> parts = ThreeParts(text);
  for (std::string& part : parts) {
    if (part.size() < 2) continue;
    const size_t leading = std::min(part.find_first_not_of('0'), part.size());
    const bool bare = leading == part.size() || !absl::ascii_isdigit(part[leading]);  // one zero stays
    part = absl::StrCat(bare ? "0" : "", absl::string_view(part).substr(leading));
  }
  if (parts.size() < 3 && parts.back().find_first_of("+-") != std::string::npos) {
    return "short version cannot contain PreRelease/Build meta data";
  }
  while (parts.size() < 3) parts.emplace_back("0");
  return ParseSemver(absl::StrJoin(parts, "."), out);
}

}  // namespace apimachinery::cel
