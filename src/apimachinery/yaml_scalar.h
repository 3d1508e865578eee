// How YAML 1.1 reads a plain scalar: the rules by which upstream's parser takes text for null, a boolean or a number.
#pragma once
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apimachinery {

// The value of an unquoted scalar. Time stamps stay strings, as upstream keeps them.
Value ResolvePlainScalar(absl::string_view text);

// A float as it is once it has been JSON, which prints a whole one without a point: then it is an integer.
Value FloatByWayOfJson(double number);

// Whether a reader would take `text`, written without quotes, for the same string.
bool ReadsAsString(absl::string_view text);

}  // namespace apimachinery
