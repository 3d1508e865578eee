// resource.Quantity's insides after parsing, see go_dump.h. The rules that choose between the two forms are the
// parser's of apimachinery 0.35: 64 bits where the digits surely fit, else an arbitrary decimal.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "controller-manager/framework/go_dump.h"

namespace controller_manager {
namespace {

constexpr int kMaxInt64Digits = 18;
constexpr int kNano = 9;  // decimal places kept

// A natural number in 64-bit words, least significant first.
class Natural {
 public:
  explicit Natural(absl::string_view digits) {
    for (const char c : digits) MultiplyAdd(10, static_cast<uint64_t>(c - '0'));
  }
  void MultiplyAdd(uint64_t factor, uint64_t add) {
    __extension__ typedef unsigned __int128 Wide;
    Wide carry = add;
    for (uint64_t& word : words_) {
      carry += static_cast<Wide>(word) * factor;
      word = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    if (carry != 0) words_.push_back(static_cast<uint64_t>(carry));
  }
  // Divides by ten; the digit that falls out.
  int DropDigit() {
    __extension__ typedef unsigned __int128 Wide;
    Wide rest = 0;
    for (auto word = words_.rbegin(); word != words_.rend(); ++word) {
      rest = (rest << 64) | *word;
      *word = static_cast<uint64_t>(rest / 10);
      rest %= 10;
    }
    while (!words_.empty() && words_.back() == 0) words_.pop_back();
    return static_cast<int>(rest);
  }
  bool zero() const { return words_.empty(); }
  bool BeyondInt64() const { return words_.size() > 1 || (words_.size() == 1 && words_[0] > INT64_MAX); }
  std::string Dump() const {
    if (words_.empty()) return "<nil>";
    std::string out;
    for (const uint64_t word : words_) absl::StrAppend(&out, out.empty() ? "[" : " ", word);
    return out + "]";
  }

 private:
  std::vector<uint64_t> words_;
};

struct Suffix {
  int base = 10;
  int exponent = 0;
  const char* format = "DecimalSI";
};

std::optional<Suffix> ReadSuffix(absl::string_view text) {
  static constexpr absl::string_view kBinary[] = {"Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  static constexpr absl::string_view kDecimal[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
  for (int i = 0; i < 10; ++i) {
    if (text == kDecimal[i]) return Suffix{10, 3 * (i - 3), "DecimalSI"};
  }
  for (int i = 0; i < 6; ++i) {
    if (text == kBinary[i]) return Suffix{2, 10 * (i + 1), "BinarySI"};
  }
  int exponent = 0;
  if (text.size() > 1 && (text[0] == 'e' || text[0] == 'E') && absl::SimpleAtoi(text.substr(1), &exponent)) {
    return Suffix{10, exponent, "DecimalExponent"};
  }
  return std::nullopt;
}

std::string Small(int64_t value, int scale, absl::string_view kept, absl::string_view format) {
  return absl::StrCat("{i:(resource.int64Amount){value:(int64)", value, " scale:(resource.Scale)", scale,
                      "} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)", kept,
                      " Format:(resource.Format)", format, "}");
}

std::string Big(bool negative, const Natural& unscaled, int scale, absl::string_view format) {
  return absl::StrCat(
      "{i:(resource.int64Amount){value:(int64)0 scale:(resource.Scale)0} d:(resource.infDecAmount){Dec:(*inf.Dec)"
      "{unscaled:(big.Int){neg:(bool)",
      negative && !unscaled.zero() ? "true" : "false", " abs:(big.nat)", unscaled.Dump(), "} scale:(inf.Scale)", scale,
      "}} s:(string) Format:(resource.Format)", format, "}");
}

}  // namespace

std::string GoDumpQuantity(absl::string_view text) {
  if (text.empty()) return Small(0, 0, "", "");
  if (text == "0") return Small(0, 0, "0", "DecimalSI");
  size_t at = 0;
  const bool negative = text[0] == '-';
  if (text[0] == '-' || text[0] == '+') ++at;
  const auto digits = [&] {
    const size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return text.substr(from, at - from);
  };
  while (at < text.size() && text[at] == '0') ++at;
  absl::string_view num = digits(), denom;
  if (num.empty()) num = "0";
  if (at < text.size() && text[at] == '.') {
    ++at;
    denom = digits();
  }
  const std::optional<Suffix> suffix = ReadSuffix(text.substr(at));
  if (!suffix.has_value()) return Small(0, 0, "", "");
  const bool binary = suffix->base == 2;
  const std::string shifted = absl::StrCat(num, denom);

  int precision, scale = 0;
  int64_t mantissa = 1;
  if (binary) {
    mantissa = int64_t{1} << suffix->exponent;
    precision = denom.empty() ? 15 - static_cast<int>(num.size()) -
                                    static_cast<int>(static_cast<float>(suffix->exponent) * 3 / 10) - 1
                              : -1;
  } else {
    scale = suffix->exponent;
    precision = kMaxInt64Digits - static_cast<int>(shifted.size());
  }
  if (precision >= 0 && scale - static_cast<int>(denom.size()) >= -kNano) {
    scale -= static_cast<int>(denom.size());
    int64_t value = 0, product = 0;
    if (absl::SimpleAtoi(shifted, &value) && !__builtin_mul_overflow(value, mantissa, &product)) {
      const bool canonical = binary ? suffix->exponent % 10 == 0 && (value & 7) != 0
                                    : scale % 3 == 0 && !absl::EndsWith(shifted, "000") && shifted[0] != '0';
      return Small(negative ? -product : product, scale, canonical ? text : "", suffix->format);
    }
  }

  Natural unscaled(shifted);
  int places = static_cast<int>(denom.size());
  if (binary) {
    unscaled.MultiplyAdd(uint64_t{1} << suffix->exponent, 0);
  } else {
    places -= suffix->exponent;
  }
  if (!unscaled.zero()) {  // exactly nine places, rounded away from zero
    bool lost = false;
    for (; places > kNano && !unscaled.zero(); --places) lost = unscaled.DropDigit() != 0 || lost;
    if (places > kNano) places = kNano;
    for (; places < kNano; ++places) unscaled.MultiplyAdd(10, 0);
    if (lost) {
      if (unscaled.zero()) {
        unscaled = Natural("1");
      } else {
        unscaled.MultiplyAdd(1, 1);
      }
    }
  }
  const char* format = suffix->format;
  if (binary && !unscaled.zero()) {
    Natural whole = unscaled;
    bool fraction = false;
    for (int i = 0; i < places; ++i) fraction = whole.DropDigit() != 0 || fraction;
    if (whole.BeyondInt64() || (whole.Dump() == absl::StrCat("[", INT64_MAX, "]") && fraction)) {
      unscaled = Natural(absl::StrCat(INT64_MAX));
      places = 0;
    } else if (whole.zero()) {
      format = "DecimalSI";
    }
  }
  return Big(negative, unscaled, places, format);
}

}  // namespace controller_manager
