#include "apimachinery/structural/versions.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace apimachinery::structural {
namespace {

struct Parsed {
  int64_t major = 0, minor = 0;
  int stage = 0;  // alpha 1, beta 2, stable 3
};

bool Number(absl::string_view* text, int64_t* number) {
  size_t length = 0;
  while (length < text->size() && absl::ascii_isdigit((*text)[length])) ++length;
  if (length == 0 || (*text)[0] == '0' || !absl::SimpleAtoi(text->substr(0, length), number)) return false;
  text->remove_prefix(length);
  return true;
}

bool Parse(absl::string_view text, Parsed* out) {
  if (!absl::ConsumePrefix(&text, "v") || !Number(&text, &out->major)) return false;
  out->stage = 3;
  if (text.empty()) return true;
  out->stage = absl::ConsumePrefix(&text, "alpha") ? 1 : absl::ConsumePrefix(&text, "beta") ? 2 : 0;
  return out->stage != 0 && Number(&text, &out->minor) && text.empty();
}

int Order(int64_t a, int64_t b) { return a < b ? -1 : a > b ? 1 : 0; }

}  // namespace

int CompareVersions(absl::string_view a, absl::string_view b) {
  if (a == b) return 0;
  Parsed left, right;
  const bool known = Parse(a, &left), other_known = Parse(b, &right);
  if (known != other_known) return known ? 1 : -1;
  if (!known) return a < b ? 1 : -1;
  if (const int by = Order(left.stage, right.stage); by != 0) return by;
  if (const int by = Order(left.major, right.major); by != 0) return by;
  return Order(left.minor, right.minor);
}

}  // namespace apimachinery::structural
