// Numbers as Go prints them.
#pragma once
#include <string>

namespace apimachinery {

// %v: 1.5, 1e+06, 1e-05, NaN, +Inf. The shortest text that reads as the number.
std::string GoDouble(double d);
// The same without an exponent.
std::string GoPlainDouble(double d);

}  // namespace apimachinery
