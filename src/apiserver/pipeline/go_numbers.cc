#include "apiserver/pipeline/go_numbers.h"

#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace apiserver::pipeline {
namespace {

using absl::string_view;

absl::Status Refuse(string_view function, string_view text, string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("strconv.", function, ": parsing \"", text, "\": ", why));
}

bool AllDigits(string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return !text.empty();
}

struct Unit {
  string_view name;
  int64_t nanoseconds;
};
constexpr Unit kUnits[] = {{"ns", 1},          {"us", 1000},        {"\xc2\xb5s", 1000},        {"\xce\xbcs", 1000},
                           {"ms", 1000000},    {"s", 1000000000},   {"m", 60LL * 1000000000}, {"h", 3600LL * 1000000000}};

}  // namespace

absl::StatusOr<int64_t> ParseInt(string_view text) {
  string_view digits = text;
  if (!absl::ConsumePrefix(&digits, "-")) absl::ConsumePrefix(&digits, "+");
  int64_t number = 0;
  if (!AllDigits(digits)) return Refuse("ParseInt", text, "invalid syntax");
  string_view plain = text;
  absl::ConsumePrefix(&plain, "+");
  if (!absl::SimpleAtoi(plain, &number)) return Refuse("ParseInt", text, "value out of range");
  return number;
}

absl::StatusOr<uint64_t> ParseUint(string_view text) {
  uint64_t number = 0;
  if (!AllDigits(text)) return Refuse("ParseUint", text, "invalid syntax");
  if (!absl::SimpleAtoi(text, &number)) return Refuse("ParseUint", text, "value out of range");
  return number;
}

absl::StatusOr<absl::Duration> ParseDuration(string_view text) {
  const auto refuse = [text](string_view problem) {
    return absl::InvalidArgumentError(absl::StrCat("time: ", problem, " duration \"", text, "\""));
  };
  string_view rest = text;
  const bool negative = absl::ConsumePrefix(&rest, "-");
  if (!negative) absl::ConsumePrefix(&rest, "+");
  if (rest == "0") return absl::ZeroDuration();
  if (rest.empty()) return refuse("invalid");
  double nanoseconds = 0;
  while (!rest.empty()) {
    size_t end = 0, digits = 0;
    while (end < rest.size() && (absl::ascii_isdigit(static_cast<unsigned char>(rest[end])) || rest[end] == '.')) {
      digits += rest[end] != '.';
      ++end;
    }
    double number = 0;
    if (digits == 0 || !absl::SimpleAtod(rest.substr(0, end), &number)) return refuse("invalid");
    rest.remove_prefix(end);
    size_t name = 0;
    while (name < rest.size() && rest[name] != '.' && !absl::ascii_isdigit(static_cast<unsigned char>(rest[name]))) ++name;
    if (name == 0) return refuse("missing unit in");
    const Unit* found = nullptr;
    for (const Unit& unit : kUnits) {
      if (unit.name == rest.substr(0, name)) found = &unit;
    }
    if (found == nullptr) return refuse(absl::StrCat("unknown unit \"", rest.substr(0, name), "\" in"));
    rest.remove_prefix(name);
    nanoseconds += number * static_cast<double>(found->nanoseconds);
    if (nanoseconds > static_cast<double>(std::numeric_limits<int64_t>::max())) return refuse("invalid");
  }
  return absl::Nanoseconds(static_cast<int64_t>(negative ? -nanoseconds : nanoseconds));
}

}  // namespace apiserver::pipeline
