// resource.Quantity: fixed-point numbers with unit suffixes. Pure value type.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace apimachinery {

// An exact decimal, value = mantissa * 10^exponent, with the suffix family it is printed in. Arithmetic is exact
// within 128 bits and saturates beyond.
class Quantity {
 public:
  enum class Format : uint8_t { kDecimalSI, kBinarySI, kDecimalExponent };

  Quantity() = default;  // 0
  static Quantity FromInt(int64_t value, Format format = Format::kDecimalSI);
  static Quantity FromMilli(int64_t milli, Format format = Format::kDecimalSI);

  // InvalidArgument with upstream's text: "quantities must match the regular expression '...'" and so on.
  static absl::StatusOr<Quantity> Parse(absl::string_view text);
  // Zero for text that does not parse; for trees that passed validation.
  static Quantity ParseOrZero(absl::string_view text);

  std::string ToString() const;   // canonical
  int64_t Value() const;          // rounded up to a whole number, saturating
  // Rounds away from zero to a multiple of 10^scale: RoundUp(-3) to thousandths.
  void RoundUp(int scale);
  int64_t MilliValue() const;     // rounded up to thousandths, saturating
  int64_t ScaledValue(int scale) const;  // rounded up in units of 10^scale
  // As upstream computes Value and MilliValue, which some of its checks show: what does not fit is 0, or the low 64 bits
  // from 10^18 up.
  int64_t UncheckedScaledValue(int scale) const;
  double AsDouble() const;
  bool IsInteger() const;         // no fraction and within int64
  int Sign() const { return mantissa_ < 0 ? -1 : mantissa_ > 0; }
  bool IsZero() const { return mantissa_ == 0; }
  Format format() const { return format_; }

  // The result keeps this format; a zero takes the other's.
  void Add(const Quantity& other);
  void Sub(const Quantity& other);
  Quantity operator-() const;
  int Compare(const Quantity& other) const;
  friend bool operator==(const Quantity& a, const Quantity& b) { return a.Compare(b) == 0; }
  friend bool operator<(const Quantity& a, const Quantity& b) { return a.Compare(b) < 0; }

 private:
  __extension__ typedef __int128 Int128;
  Int128 mantissa_ = 0;
  int exponent_ = 0;  // power of ten, -9 at the least
  Format format_ = Format::kDecimalSI;
};

// The canonical text of `text` as upstream stores it: what passes for canonical is kept as written.
absl::StatusOr<std::string> CanonicalQuantity(absl::string_view text);

}  // namespace apimachinery
