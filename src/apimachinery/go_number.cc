#include "apimachinery/go_number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace apimachinery {

std::string GoPlainDouble(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d > 0 ? "+Inf" : "-Inf";
  char buffer[400];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::fixed);
  return std::string(buffer, end);
}

std::string GoDouble(double d) {
  constexpr int kScientificFrom = 6;  // powers of ten
  if (!std::isfinite(d)) return GoPlainDouble(d);
  char buffer[40];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific);
  const std::string text(buffer, end);
  const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  return exponent < -4 || exponent >= kScientificFrom ? text : GoPlainDouble(d);
}

}  // namespace apimachinery
