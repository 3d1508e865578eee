#include "apimachinery/yaml_scalar.h"

#include <cctype>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "apimachinery/json.h"

namespace apimachinery {
namespace {

bool OneOf(absl::string_view text, std::initializer_list<absl::string_view> words) {
  for (const absl::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

// Digits of `base` with an optional sign and the prefixes of Go's base 0: 0x, 0o, 0b, and 0 for octal.
std::optional<Value> ParseInt(absl::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  unsigned base = 10;
  if (text.size() > 2 && text[0] == '0') {
    const char mark = static_cast<char>(std::tolower(static_cast<unsigned char>(text[1])));
    base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    if (base != 10) text.remove_prefix(2);
  }
  if (base == 10 && text.size() > 1 && text[0] == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  unsigned __int128 sum = 0;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    const unsigned digit = std::isdigit(u) ? u - '0' : std::isalpha(u) ? static_cast<unsigned>(std::tolower(u)) - 'a' + 10 : 99;
    if (digit >= base) return std::nullopt;
    sum = sum * base + digit;
    if (sum > UINT64_MAX) return std::nullopt;  // a float, or a string
  }
  const auto magnitude = static_cast<uint64_t>(sum);
  if (negative) {
    if (magnitude > uint64_t{1} << 63) return std::nullopt;
    return Value(static_cast<int64_t>(~magnitude + 1));
  }
  if (magnitude > INT64_MAX) return Value(static_cast<double>(magnitude));
  return Value(static_cast<int64_t>(magnitude));
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool LooksLikeFloat(absl::string_view text) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t from = i;
    while (i < text.size() && std::isdigit(static_cast<unsigned char>(text[i]))) ++i;
    return i - from;
  };
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  const size_t whole = digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0 && whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

// 1:30 and the like: base 60 to other readers of YAML 1.1.
bool LooksLikeBase60(absl::string_view text) {
  if (!absl::StrContains(text, ':')) return false;
  size_t i = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  if (i >= text.size() || !std::isdigit(static_cast<unsigned char>(text[i]))) return false;
  while (i < text.size() && (std::isdigit(static_cast<unsigned char>(text[i])) || text[i] == '_')) ++i;
  int groups = 0;
  while (i < text.size() && text[i] == ':') {
    ++i;
    size_t n = 0;
    while (i + n < text.size() && std::isdigit(static_cast<unsigned char>(text[i + n]))) ++n;
    if (n < 1 || n > 2 || (n == 2 && text[i] > '5')) return false;
    i += n;
    ++groups;
  }
  if (i < text.size() && text[i] == '.') {
    ++i;
    while (i < text.size() && (std::isdigit(static_cast<unsigned char>(text[i])) || text[i] == '_')) ++i;
  }
  return groups > 0 && i == text.size();
}

// yyyy-m-d, alone or with a time of day and a zone.
bool LooksLikeTimestamp(absl::string_view text) {
  const auto number = [&](size_t& i, size_t least, size_t most) {
    size_t n = 0;
    while (i + n < text.size() && n < most && std::isdigit(static_cast<unsigned char>(text[i + n]))) ++n;
    i += n;
    return n >= least;
  };
  const auto mark = [&](size_t& i, absl::string_view any) {
    if (i >= text.size() || !absl::StrContains(any, text[i])) return false;
    ++i;
    return true;
  };
  size_t i = 0;
  if (!number(i, 4, 4) || !mark(i, "-") || !number(i, 1, 2) || !mark(i, "-") || !number(i, 1, 2)) return false;
  if (i == text.size()) return true;
  if (!mark(i, "tT ") || !number(i, 1, 2) || !mark(i, ":") || !number(i, 1, 2) || !mark(i, ":") || !number(i, 1, 2)) return false;
  if (mark(i, ".")) number(i, 0, 18);
  if (i == text.size()) return true;
  if (mark(i, "Z")) return i == text.size();
  mark(i, " ");
  return mark(i, "+-") && number(i, 1, 2) && (i == text.size() || (mark(i, ":") && number(i, 2, 2) && i == text.size()));
}

}  // namespace

Value FloatByWayOfJson(double number) {
  constexpr double kExact = 9007199254740992.0, kFirstTooLarge = 9223372036854775808.0;
  if (std::trunc(number) != number || std::fabs(number) > kFirstTooLarge) return Value(number);
  if (std::fabs(number) < kExact) return Value(static_cast<int64_t>(number));
  std::string text;  // its shortest digits and zeros, which is another integer
  AppendJsonDouble(number, &text);
  int64_t whole = 0;
  return absl::SimpleAtoi(text, &whole) ? Value(whole) : Value(number);
}

Value ResolvePlainScalar(absl::string_view text) {
  if (OneOf(text, {"", "~", "null", "Null", "NULL"})) return Value();
  if (OneOf(text, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) return Value(true);
  if (OneOf(text, {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) return Value(false);
  const char first = text[0];
  if (std::isdigit(static_cast<unsigned char>(first)) || first == '+' || first == '-' || first == '.') {
    const std::string plain = absl::StrReplaceAll(text, {{"_", ""}});
    if (first != '.') {
      if (std::optional<Value> number = ParseInt(plain)) return *std::move(number);
    }
    double number = 0;
    if (LooksLikeFloat(plain) && absl::SimpleAtod(plain, &number) && std::isfinite(number)) return FloatByWayOfJson(number);
  }
  return Value(text);
}

bool ReadsAsString(absl::string_view text) {
  if (OneOf(text, {".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"})) return false;
  return ResolvePlainScalar(text).is_string() && !LooksLikeBase60(text) && !LooksLikeTimestamp(text);
}

}  // namespace apimachinery
