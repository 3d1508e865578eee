// The string formats of upstream's validator (kube-openapi's strfmt registry).
#include <arpa/inet.h>
#include <re2/re2.h>

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "apimachinery/names.h"
#include "apimachinery/structural/validate.h"

namespace apimachinery::structural {
namespace {

using Check = bool (*)(absl::string_view text);

// `pattern` lives as long as the process.
#define SKIFF_MATCHES(pattern)                                        \
  [](absl::string_view text) {                                        \
    static const RE2* const regex = new RE2(pattern);                 \
    return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *regex); \
  }

bool IsAddress(absl::string_view text, int family) {
  unsigned char bytes[16];
  return text.size() < 64 && inet_pton(family, std::string(text).c_str(), bytes) == 1;
}
bool IsIpv4(absl::string_view text) {
  return IsAddress(text, AF_INET) || (absl::StrContains(text, ".") && IsAddress(text, AF_INET6));
}
bool IsIpv6(absl::string_view text) { return IsAddress(text, AF_INET6); }

bool IsCidr(absl::string_view text) {
  const size_t slash = text.find('/');
  int bits = 0;
  if (slash == absl::string_view::npos) return false;
  const absl::string_view address = text.substr(0, slash), length = text.substr(slash + 1);
  if (length.empty() || length[0] == '+' || length[0] == '-' || !absl::SimpleAtoi(length, &bits)) return false;
  if (length.size() > 1 && length[0] == '0') return false;
  return IsAddress(address, AF_INET) ? bits <= 32 : IsIpv6(address) && bits <= 128;
}

bool IsUri(absl::string_view text) {
  static const RE2* const scheme = new RE2("^[A-Za-z][A-Za-z0-9+.-]*:[^ \\x00-\\x1f\\x7f]*");
  static const RE2* const escape = new RE2("%(?:[^0-9A-Fa-f]|.[^0-9A-Fa-f]|.?$)");
  if (text.empty()) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  if (RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *escape)) return false;
  if (text[0] == '/') return true;
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *scheme);
}

bool IsEmail(absl::string_view text) {
  static const RE2* const regex = new RE2(
      "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\x{80}-\\x{10FFFF}-]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\x{80}-\\x{10FFFF}-]+)*"
      "@(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\x{80}-\\x{10FFFF}-]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\x{80}-\\x{10FFFF}-]+)*|\\[[^\\]\\[\\\\ ]*\\])");
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *regex);
}

bool IsHostname(absl::string_view text) {
  static const RE2* const regex = new RE2(
      "(?:[a-zA-Z0-9\\pS\\pL](?:-?[a-zA-Z0-9\\pS\\pL]{0,62})?|(?:[a-zA-Z0-9\\pS\\pL](?:[a-zA-Z0-9\\-\\pS\\pL]{0,61}"
      "[a-zA-Z0-9\\pS\\pL])?\\.)+[a-zA-Z\\pL]{2,63})");
  if (!RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *regex)) return false;
  for (absl::string_view label : absl::StrSplit(text, '.')) {
    if (label.size() > 63) return false;
  }
  return true;
}

bool DayExists(int year, int month, int day) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool IsDate(absl::string_view text) {
  static const RE2* const regex = new RE2("(\\d{4})-(\\d\\d)-(\\d\\d)");
  int year, month, day;
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *regex, &year, &month, &day) && DayExists(year, month, day);
}

bool IsDateTime(absl::string_view text) {
  static const RE2* const regex = new RE2(
      "(?i)([0-9]+)-(0[1-9]|1[012])-(0[1-9]|[12][0-9]|3[01])t([0-9]+):([0-9]+):([0-9]+)(?:\\.[0-9]+)?(?:z|[+-][0-9]{2}:[0-9]{2})");
  int year, month, day, hour, minute, second;
  if (text.size() > 64) return false;
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *regex, &year, &month, &day, &hour, &minute, &second) &&
         hour <= 23 && minute <= 59 && second <= 59;
}

bool IsDuration(absl::string_view text) {
  static const RE2* const go = new RE2("[-+]?(?:0|(?:(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)");
  static const RE2* const words = new RE2(
      "(?:\\d+\\s*(?:nanosecond|nano|ns|n|microsecond|micros|us|µs|u|millisecond|milli|ms|second|sec|s|minute|min|m|hour|hr|h|day|d|week|wk|w)s?\\s*)+");
  const re2::StringPiece piece(text.data(), text.size());
  return RE2::FullMatch(piece, *go) || RE2::FullMatch(piece, *words);
}

bool IsIsbn10(absl::string_view text) {
  const std::string digits = absl::StrReplaceAll(text, {{"-", ""}, {" ", ""}});
  static const RE2* const regex = new RE2("[0-9]{9}[0-9X]");
  if (!RE2::FullMatch(digits, *regex)) return false;
  int sum = 0;
  for (int i = 0; i < 10; ++i) sum += (i + 1) * (digits[static_cast<size_t>(i)] == 'X' ? 10 : digits[static_cast<size_t>(i)] - '0');
  return sum % 11 == 0;
}
bool IsIsbn13(absl::string_view text) {
  const std::string digits = absl::StrReplaceAll(text, {{"-", ""}, {" ", ""}});
  static const RE2* const regex = new RE2("[0-9]{13}");
  if (!RE2::FullMatch(digits, *regex)) return false;
  int sum = 0;
  for (size_t i = 0; i < 12; ++i) sum += (i % 2 == 0 ? 1 : 3) * (digits[i] - '0');
  return (digits[12] - '0' - (10 - sum % 10) % 10) == 0;
}

bool IsCreditCard(absl::string_view text) {
  static const RE2* const regex = new RE2(
      "(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|(222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}|"
      "6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\\d{3})\\d{11}|6[27][0-9]{14})");
  std::string digits;
  for (const char c : text) {
    if (absl::ascii_isdigit(c)) digits += c;
  }
  if (!RE2::FullMatch(digits, *regex)) return false;
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    int digit = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

bool IsMac(absl::string_view text) {
  static const RE2* const regex = new RE2(
      "(?:[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){5}|(?::[0-9A-Fa-f]{2}){7}|(?::[0-9A-Fa-f]{2}){19}|(?:-[0-9A-Fa-f]{2}){5}|"
      "(?:-[0-9A-Fa-f]{2}){7}|(?:-[0-9A-Fa-f]{2}){19})|[0-9A-Fa-f]{4}(?:(?:\\.[0-9A-Fa-f]{4}){2}|(?:\\.[0-9A-Fa-f]{4}){3}|"
      "(?:\\.[0-9A-Fa-f]{4}){9}))");
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *regex);
}

bool Anything(absl::string_view) { return true; }

const std::map<absl::string_view, Check>& Formats() {
  static const auto* const formats = new std::map<absl::string_view, Check>{
      {"bsonobjectid", SKIFF_MATCHES("[0-9a-fA-F]{24}")},
      {"uri", IsUri},
      {"email", IsEmail},
      {"hostname", IsHostname},
      {"ipv4", IsIpv4},
      {"ipv6", IsIpv6},
      {"cidr", IsCidr},
      {"mac", IsMac},
      {"uuid", SKIFF_MATCHES("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")},
      {"uuid3", SKIFF_MATCHES("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}")},
      {"uuid4", SKIFF_MATCHES("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}")},
      {"uuid5", SKIFF_MATCHES("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}")},
      {"isbn", [](absl::string_view text) { return IsIsbn10(text) || IsIsbn13(text); }},
      {"isbn10", IsIsbn10},
      {"isbn13", IsIsbn13},
      {"creditcard", IsCreditCard},
      {"ssn", SKIFF_MATCHES("\\d{3}[- ]?\\d{2}[- ]?\\d{4}")},
      {"hexcolor", SKIFF_MATCHES("#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")},
      {"rgbcolor", SKIFF_MATCHES("rgb\\(\\s*(?:0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*,\\s*(?:0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])"
                                 "\\s*,\\s*(?:0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*\\)")},
      {"byte", SKIFF_MATCHES("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")},
      {"password", Anything},
      {"date", IsDate},
      {"duration", IsDuration},
      {"datetime", IsDateTime},
      {"date-time", IsDateTime},
      {"k8s-short-name", [](absl::string_view text) { return IsDns1123Label(text).empty(); }},
      {"k8s-long-name", [](absl::string_view text) { return IsDns1123Subdomain(text).empty(); }},
  };
  return *formats;
}

}  // namespace

bool KnownFormat(absl::string_view format) { return Formats().count(format) > 0; }

bool HasFormat(absl::string_view format, absl::string_view text) {
  if (format.empty()) return true;
  const auto found = Formats().find(format);
  return found == Formats().end() || found->second(text);
}

}  // namespace apimachinery::structural
