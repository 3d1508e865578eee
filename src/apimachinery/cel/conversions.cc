#include "apimachinery/cel/conversions.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "apimachinery/go_number.h"
#include "apimachinery/time.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

constexpr int64_t kFirstSecond = -62135596800, kLastSecond = 253402300799;
constexpr char kIntOverflow[] = "integer overflow", kUintOverflow[] = "unsigned integer overflow";

Val CannotConvert(const Val& v, absl::string_view to) {
  if (v.is_error()) return v;
  return Val::Error(absl::StrCat("type conversion error from '", v.TypeName(), "' to '", to, "'"));
}

template <typename T>
bool ParseWhole(absl::string_view text, bool sign, T* out) {
  if (sign && !text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '-') return false;
  }
  if (text.empty()) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseDouble(absl::string_view text, double* out) {
  if (text.empty() || absl::ascii_isspace(text[0])) return false;
  const std::string lower = absl::AsciiStrToLower(absl::StartsWith(text, "+") || absl::StartsWith(text, "-") ? text.substr(1) : text);
  if (absl::StartsWith(lower, "nan(")) return false;
  const std::string copy(text);
  char* end = nullptr;
  *out = std::strtod(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size()) return false;
  return !std::isinf(*out) || absl::StartsWith(lower, "inf");
}

// The offset that RFC 3339 text ends with, in seconds.
int32_t ZoneOffset(absl::string_view text) {
  if (text.size() < 6 || absl::EndsWith(text, "Z")) return 0;
  const absl::string_view zone = text.substr(text.size() - 6);
  int hours = 0, minutes = 0;
  if (!absl::SimpleAtoi(zone.substr(1, 2), &hours) || !absl::SimpleAtoi(zone.substr(4, 2), &minutes)) return 0;
  return (zone[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

// Nanoseconds of a second; API times leave them away.
int32_t Fraction(absl::string_view text) {
  const size_t dot = text.find_first_of(".,");
  int32_t nanoseconds = 0;
  if (dot == absl::string_view::npos) return nanoseconds;
  int32_t unit = 100'000'000;
  for (size_t i = dot + 1; i < text.size() && absl::ascii_isdigit(text[i]); ++i, unit /= 10) nanoseconds += (text[i] - '0') * unit;
  return nanoseconds;
}

std::string TimestampText(const Val& v) {
  const int32_t offset = v.zone_offset();
  const absl::Time shown = absl::FromUnixSeconds(v.seconds() + offset);
  std::string out = absl::FormatTime("%E4Y-%m-%dT%H:%M:%S", shown, absl::UTCTimeZone());
  if (v.subsecond() != 0) {
    std::string fraction = absl::StrFormat("%09d", v.subsecond());
    fraction.erase(fraction.find_last_not_of('0') + 1);
    absl::StrAppend(&out, ".", fraction);
  }
  if (offset == 0) return out + "Z";
  const int32_t magnitude = std::abs(offset) / 60;
  return absl::StrCat(out, absl::StrFormat("%c%02d:%02d", offset < 0 ? '-' : '+', magnitude / 60, magnitude % 60));
}

}  // namespace



Val CheckedTimestamp(int64_t seconds, int32_t nanoseconds, int32_t offset) {
  if (seconds < kFirstSecond || seconds > kLastSecond) return Val::Error("timestamp overflow");
  return Val::Timestamp(seconds, nanoseconds, offset);
}

bool ValidUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const size_t length = c < 0x80 ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    if (length > 2) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      if ((c == 0xE0 && second < 0xA0) || (c == 0xED && second >= 0xA0) || (c == 0xF0 && second < 0x90) ||
          (c == 0xF4 && second >= 0x90)) {
        return false;
      }
    }
    i += length;
  }
  return true;
}

Val ToBool(const Val& v) {
  if (v.is(Kind::kBool)) return v;
  if (v.is(Kind::kString)) {
    for (const absl::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
      if (v.text() == yes) return Val::Bool(true);
    }
    for (const absl::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
      if (v.text() == no) return Val::Bool(false);
    }
  }
  return CannotConvert(v, "bool");
}

Val ToBytes(const Val& v) {
  if (v.is(Kind::kBytes)) return v;
  return v.is(Kind::kString) ? Val::Bytes(std::string(v.text())) : CannotConvert(v, "bytes");
}

Val ToDouble(const Val& v) {
  double d = 0;
  switch (v.kind()) {
    case Kind::kDouble: return v;
    case Kind::kInt: return Val::Double(static_cast<double>(v.as_int()));
    case Kind::kUint: return Val::Double(static_cast<double>(v.as_uint()));
    case Kind::kString:
      if (ParseDouble(v.text(), &d)) return Val::Double(d);
      break;
    default: break;
  }
  return CannotConvert(v, "double");
}

Val ToInt(const Val& v) {
  int64_t i = 0;
  switch (v.kind()) {
    case Kind::kInt: return v;
    case Kind::kUint: return v.as_uint() > static_cast<uint64_t>(INT64_MAX) ? Val::Error(kIntOverflow) : Val::Int(v.as_int());
    case Kind::kDouble:
      // The bounds are exclusive: -2^63 itself is refused too.
      if (!(v.as_double() > -9223372036854775808.0 && v.as_double() < 9223372036854775808.0)) return Val::Error(kIntOverflow);
      return Val::Int(static_cast<int64_t>(v.as_double()));
    case Kind::kDuration: return Val::Int(v.nanoseconds());
    case Kind::kTimestamp: return Val::Int(v.seconds());
    case Kind::kString:
      if (ParseWhole(v.text(), true, &i)) return Val::Int(i);
      break;
    default: break;
  }
  return CannotConvert(v, "int");
}

Val ToUint(const Val& v) {
  uint64_t u = 0;
  switch (v.kind()) {
    case Kind::kUint: return v;
    case Kind::kInt: return v.as_int() < 0 ? Val::Error(kUintOverflow) : Val::Uint(static_cast<uint64_t>(v.as_int()));
    case Kind::kDouble:
      if (!(v.as_double() >= 0 && v.as_double() < 18446744073709551616.0)) return Val::Error(kUintOverflow);
      return Val::Uint(static_cast<uint64_t>(v.as_double()));
    case Kind::kString:
      if (ParseWhole(v.text(), false, &u)) return Val::Uint(u);
      break;
    default: break;
  }
  return CannotConvert(v, "uint");
}

Val ToText(const Val& v) {
  switch (v.kind()) {
    case Kind::kString: return v;
    case Kind::kBool: return Val::String(v.as_bool() ? "true" : "false");
    case Kind::kInt: return Val::String(absl::StrCat(v.as_int()));
    case Kind::kUint: return Val::String(absl::StrCat(v.as_uint()));
    case Kind::kDouble: return Val::String(GoDouble(v.as_double()));
    case Kind::kBytes:
      if (!ValidUtf8(v.text())) return Val::Error("invalid UTF-8 in bytes, cannot convert to string");
      return Val::String(std::string(v.text()));
    case Kind::kDuration: return Val::String(GoPlainDouble(static_cast<double>(v.nanoseconds() / 1'000'000'000) +
                                                         static_cast<double>(v.nanoseconds() % 1'000'000'000) / 1e9) + "s");
    case Kind::kTimestamp: return Val::String(TimestampText(v));
    case Kind::kType: return Val::String(v.type_value()->name());
    default: return CannotConvert(v, "string");
  }
}

Val ToDuration(const Val& v) {
  if (v.is(Kind::kDuration)) return v;
  if (v.is(Kind::kString)) {
    if (const auto parsed = ParseDuration(v.text()); parsed.ok()) return Val::Duration(*parsed);
  }
  return CannotConvert(v, "google.protobuf.Duration");
}

Val ToTimestamp(const Val& v) {
  if (v.is(Kind::kTimestamp)) return v;
  if (v.is(Kind::kInt)) return CheckedTimestamp(v.as_int(), 0);
  if (v.is(Kind::kString)) {
    if (const auto parsed = ParseTime(v.text()); parsed.ok()) {
      const int64_t seconds = absl::ToUnixSeconds(*parsed);
      return CheckedTimestamp(seconds, Fraction(v.text()), ZoneOffset(v.text()));
    }
  }
  return CannotConvert(v, "google.protobuf.Timestamp");
}

}  // namespace apimachinery::cel
