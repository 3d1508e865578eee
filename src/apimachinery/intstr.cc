#include "apimachinery/intstr.h"

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace apimachinery {

absl::StatusOr<int> ScaledIntOrPercent(const Value& value, int total, bool round_up) {
  if (value.is_number()) return static_cast<int>(value.as_int());
  if (!value.is_string()) return absl::InvalidArgumentError("invalid type: neither int nor percentage");
  absl::string_view text = value.as_string();
  int64_t percent;
  if (!absl::ConsumeSuffix(&text, "%")) {
    return absl::InvalidArgumentError("invalid value for IntOrString: invalid type: string is not a percentage");
  }
  if (!absl::SimpleAtoi(text, &percent)) {
    return absl::InvalidArgumentError(absl::StrCat("invalid value for IntOrString: invalid value \"", value.as_string(),
                                                   "\": strconv.Atoi: parsing \"", text, "\": invalid syntax"));
  }
  const int64_t product = percent * total;
  int64_t scaled = product / 100;
  if (product % 100 != 0 && round_up == (product > 0)) scaled += round_up ? 1 : -1;
  return static_cast<int>(scaled);
}

int IntOrStringValue(const Value& value) {
  if (value.is_number()) return static_cast<int>(value.as_int());
  int number = 0;
  if (value.is_string() && !absl::SimpleAtoi(value.as_string(), &number)) number = 0;
  return number;
}

std::string IntOrStringText(const Value& value) {
  if (value.is_string()) return value.as_string();
  return value.is_number() ? absl::StrCat(value.as_int()) : "0";
}

}  // namespace apimachinery
