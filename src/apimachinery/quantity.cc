#include "apimachinery/quantity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace apimachinery {
namespace {

__extension__ typedef __int128 Int128;
constexpr Int128 kMax128 = (static_cast<Int128>(INT64_MAX) << 63) * 2 - 1;  // room to spare below 2^127
constexpr int kFinest = -9;

struct Suffix {
  absl::string_view text;
  int base;
  int exponent;
};
constexpr Suffix kSuffixes[] = {
    {"", 10, 0},  {"n", 10, -9}, {"u", 10, -6}, {"m", 10, -3}, {"k", 10, 3},  {"M", 10, 6},  {"G", 10, 9},
    {"T", 10, 12}, {"P", 10, 15}, {"E", 10, 18}, {"Ki", 2, 10}, {"Mi", 2, 20}, {"Gi", 2, 30}, {"Ti", 2, 40},
    {"Pi", 2, 50}, {"Ei", 2, 60},
};

Int128 Saturate(Int128 value) { return std::clamp(value, -kMax128, kMax128); }

Int128 MultiplySaturated(Int128 a, Int128 b) {
  Int128 product;
  if (__builtin_mul_overflow(a, b, &product)) return (a < 0) == (b < 0) ? kMax128 : -kMax128;
  return Saturate(product);
}

Int128 PowerOfTen(int n) {
  Int128 power = 1;
  for (; n > 0 && power < kMax128 / 10; --n) power *= 10;
  return n > 0 ? kMax128 : power;
}

// value / 10^places, rounded away from zero.
Int128 DivideUp(Int128 value, int places) {
  if (places > 38) return value > 0 ? 1 : value < 0 ? -1 : 0;
  const Int128 divisor = PowerOfTen(places);
  const Int128 quotient = value / divisor;
  if (quotient * divisor == value) return quotient;
  return value > 0 ? quotient + 1 : quotient - 1;
}

int64_t Clamp64(Int128 value) {
  if (value > INT64_MAX) return INT64_MAX;
  if (value < INT64_MIN) return INT64_MIN;
  return static_cast<int64_t>(value);
}

void AppendInt128(Int128 value, std::string* out) {
  char digits[48];
  char* at = digits + sizeof digits;
  const bool negative = value < 0;
  if (negative) value = -value;
  do {
    *--at = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  if (negative) *--at = '-';
  out->append(at, digits + sizeof digits - at);
}

absl::Status BadFormat() {
  return absl::InvalidArgumentError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What a quantity is written with, taken apart.
struct Parts {
  bool negative = false;
  absl::string_view whole;     // without leading zeros; "0" when nothing is left
  absl::string_view fraction;
  int base = 10;
  int exponent = 0;
  Quantity::Format format = Quantity::Format::kDecimalSI;
};

absl::StatusOr<Parts> TakeApart(absl::string_view text) {
  if (text.empty()) return BadFormat();
  Parts parts;
  size_t at = 0;
  const size_t end = text.size();
  if (text[0] == '-' || text[0] == '+') {
    parts.negative = text[0] == '-';
    ++at;
  }
  while (at < end && text[at] == '0') ++at;
  size_t begin = at;
  while (at < end && IsDigit(text[at])) ++at;
  parts.whole = text.substr(begin, at - begin);
  if (parts.whole.empty()) parts.whole = "0";
  if (at < end && text[at] == '.') {
    begin = ++at;
    while (at < end && IsDigit(text[at])) ++at;
    parts.fraction = text.substr(begin, at - begin);
  }
  begin = at;
  while (at < end && absl::string_view("eEinumkKMGTP").find(text[at]) != absl::string_view::npos) ++at;
  if (at < end && (text[at] == '-' || text[at] == '+')) ++at;
  while (at < end && IsDigit(text[at])) ++at;
  if (at < end) return BadFormat();
  const absl::string_view suffix = text.substr(begin);
  for (const Suffix& known : kSuffixes) {
    if (known.text != suffix) continue;
    parts.base = known.base;
    parts.exponent = known.exponent;
    if (known.base == 2) parts.format = Quantity::Format::kBinarySI;
    return parts;
  }
  int exponent;
  if (suffix.size() > 1 && (suffix[0] == 'e' || suffix[0] == 'E') && absl::SimpleAtoi(suffix.substr(1), &exponent) &&
      std::abs(exponent) < 1000000) {
    parts.exponent = exponent;
    parts.format = Quantity::Format::kDecimalExponent;
    return parts;
  }
  return absl::InvalidArgumentError("unable to parse quantity's suffix");
}

// Whether upstream takes the text for canonical already and keeps it as written.
bool PassesForCanonical(const Parts& parts) {
  if (parts.base == 2) {
    if (!parts.fraction.empty() || parts.whole == "0") return false;
    if (static_cast<int>(parts.whole.size()) > 14 - 3 * (parts.exponent / 10)) return false;
    return (parts.whole.back() - '0' + (parts.whole.size() > 1 ? 10 * (parts.whole[parts.whole.size() - 2] - '0') : 0) +
            (parts.whole.size() > 2 ? 100 * (parts.whole[parts.whole.size() - 3] - '0') : 0)) % 8 != 0;
  }
  const std::string digits = absl::StrCat(parts.whole, parts.fraction);
  const int scale = parts.exponent - static_cast<int>(parts.fraction.size());
  if (digits.size() > 18 || scale < kFinest || scale % 3 != 0) return false;
  const bool thousands = digits.size() >= 3 && digits.compare(digits.size() - 3, 3, "000") == 0;
  return !thousands && digits[0] != '0';
}

}  // namespace

Quantity Quantity::FromInt(int64_t value, Format format) {
  Quantity quantity;
  quantity.mantissa_ = value;
  quantity.format_ = format;
  return quantity;
}

Quantity Quantity::FromMilli(int64_t milli, Format format) {
  Quantity quantity = FromInt(milli, format);
  quantity.exponent_ = -3;
  return quantity;
}

absl::StatusOr<Quantity> Quantity::Parse(absl::string_view text) {
  absl::StatusOr<Parts> parts = TakeApart(text);
  if (!parts.ok()) return parts.status();
  Quantity quantity;
  quantity.format_ = parts->format;
  Int128 mantissa = 0;
  for (absl::string_view digits : {parts->whole, parts->fraction}) {
    for (char c : digits) mantissa = std::min(MultiplySaturated(mantissa, 10) + (c - '0'), kMax128);
  }
  int exponent = -static_cast<int>(parts->fraction.size());
  if (parts->base == 2) {
    mantissa = MultiplySaturated(mantissa, static_cast<Int128>(1) << parts->exponent);
  } else {
    exponent += parts->exponent;
  }
  if (exponent < kFinest) {  // something small is asked for: something small is given
    mantissa = DivideUp(mantissa, kFinest - exponent);
    exponent = kFinest;
  }
  if (parts->base == 2) {
    const Int128 unit = PowerOfTen(-exponent);
    if (mantissa > unit * INT64_MAX) {
      mantissa = INT64_MAX;
      exponent = 0;
    }
    if (mantissa > 0 && mantissa < unit) quantity.format_ = Format::kDecimalSI;
  }
  quantity.mantissa_ = parts->negative ? -mantissa : mantissa;
  quantity.exponent_ = mantissa == 0 ? 0 : exponent;
  return quantity;
}

Quantity Quantity::ParseOrZero(absl::string_view text) {
  absl::StatusOr<Quantity> parsed = Parse(text);
  return parsed.ok() ? *parsed : Quantity();
}

std::string Quantity::ToString() const {
  if (mantissa_ == 0) return "0";
  Format format = format_;
  if (format == Format::kBinarySI) {
    const Int128 whole = exponent_ >= 0 ? MultiplySaturated(mantissa_, PowerOfTen(exponent_)) : DivideUp(mantissa_, -exponent_);
    const bool exact = exponent_ >= 0 || MultiplySaturated(whole, PowerOfTen(-exponent_)) == mantissa_;
    const bool small = whole > -1024 && whole < 1024;
    if (exact && !small) {
      Int128 number = whole;
      int steps = 0;
      while (number % 1024 == 0 && steps < 6) {
        number /= 1024;
        ++steps;
      }
      static constexpr const char* kBinary[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
      std::string out;
      AppendInt128(number, &out);
      return out + kBinary[steps];
    }
    format = Format::kDecimalSI;
  }
  Int128 number = mantissa_;
  int exponent = exponent_;
  while (number % 10 == 0) {
    number /= 10;
    ++exponent;
  }
  while (((exponent % 3) + 3) % 3 != 0) {
    number = MultiplySaturated(number, 10);
    --exponent;
  }
  std::string out;
  if (format == Format::kDecimalExponent) {
    AppendInt128(number, &out);
    if (exponent != 0) absl::StrAppend(&out, "e", exponent);
    return out;
  }
  AppendInt128(number, &out);
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.base == 10 && suffix.exponent == exponent) return absl::StrCat(out, suffix.text);
  }
  return out;  // beyond E there is no suffix, and upstream prints none
}

void Quantity::RoundUp(int scale) {
  if (exponent_ >= scale) return;
  mantissa_ = DivideUp(mantissa_, scale - exponent_);
  exponent_ = mantissa_ == 0 ? 0 : scale;
}

int64_t Quantity::ScaledValue(int scale) const {
  const int shift = exponent_ - scale;
  return Clamp64(shift >= 0 ? MultiplySaturated(mantissa_, PowerOfTen(shift)) : DivideUp(mantissa_, -shift));
}
int64_t Quantity::UncheckedScaledValue(int scale) const {
  const int shift = exponent_ - scale;
  const Int128 scaled = shift >= 0 ? MultiplySaturated(mantissa_, PowerOfTen(shift)) : DivideUp(mantissa_, -shift);
  if (scaled <= INT64_MAX && scaled >= INT64_MIN) return static_cast<int64_t>(scaled);
  const Int128 large = PowerOfTen(18);  // up to that many digits upstream computes with int64
  return mantissa_ < large && mantissa_ > -large ? 0 : static_cast<int64_t>(static_cast<uint64_t>(scaled));
}
int64_t Quantity::Value() const { return ScaledValue(0); }
int64_t Quantity::MilliValue() const { return ScaledValue(-3); }
double Quantity::AsDouble() const { return static_cast<double>(mantissa_) * std::pow(10.0, exponent_); }

bool Quantity::IsInteger() const {
  const Int128 whole = exponent_ >= 0 ? MultiplySaturated(mantissa_, PowerOfTen(exponent_)) : DivideUp(mantissa_, -exponent_);
  return (exponent_ >= 0 || MultiplySaturated(whole, PowerOfTen(-exponent_)) == mantissa_) && whole <= INT64_MAX && whole >= INT64_MIN;
}

void Quantity::Add(const Quantity& other) {
  if (other.mantissa_ == 0) return;
  if (mantissa_ == 0) format_ = other.format_;
  const int exponent = mantissa_ == 0 ? other.exponent_ : std::min(exponent_, other.exponent_);
  const Int128 mine = mantissa_ == 0 ? 0 : MultiplySaturated(mantissa_, PowerOfTen(exponent_ - exponent));
  const Int128 theirs = MultiplySaturated(other.mantissa_, PowerOfTen(other.exponent_ - exponent));
  Int128 sum;
  if (__builtin_add_overflow(mine, theirs, &sum)) sum = mine < 0 ? -kMax128 : kMax128;
  mantissa_ = Saturate(sum);
  exponent_ = mantissa_ == 0 ? 0 : exponent;
}

void Quantity::Sub(const Quantity& other) { Add(-other); }

Quantity Quantity::operator-() const {
  Quantity negated = *this;
  negated.mantissa_ = -mantissa_;
  return negated;
}

int Quantity::Compare(const Quantity& other) const {
  const int exponent = std::min(exponent_, other.exponent_);
  const Int128 mine = MultiplySaturated(mantissa_, PowerOfTen(exponent_ - exponent));
  const Int128 theirs = MultiplySaturated(other.mantissa_, PowerOfTen(other.exponent_ - exponent));
  return mine < theirs ? -1 : mine > theirs;
}

absl::StatusOr<std::string> CanonicalQuantity(absl::string_view text) {
  if (text == "0") return std::string(text);
  absl::StatusOr<Parts> parts = TakeApart(text);
  if (!parts.ok()) return parts.status();
  if (PassesForCanonical(*parts)) return std::string(text);
  absl::StatusOr<Quantity> quantity = Quantity::Parse(text);
  if (!quantity.ok()) return quantity.status();
  return quantity->ToString();
}

}  // namespace apimachinery
