// IntOrString fields: an int (kInt) or a string such as "25%" (kString) of a typed tree. Pure.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "apimachinery/value.h"

namespace apimachinery {

// The int itself, or the percentage of `total` rounded up or down.
// InvalidArgument: "invalid value for IntOrString: ..." in upstream's words.
absl::StatusOr<int> ScaledIntOrPercent(const Value& value, int total, bool round_up);
// The int, or the number in the string; 0 when it is none (ports by name).
int IntOrStringValue(const Value& value);
std::string IntOrStringText(const Value& value);

}  // namespace apimachinery
