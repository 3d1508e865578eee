// Standard base64 with padding, as Go's base64.StdEncoding reads and writes it.
#include <array>

#include "apimachinery/codec.h"

namespace apimachinery {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<signed char, 256> MakeReverse() {
  std::array<signed char, 256> reverse{};
  for (auto& entry : reverse) entry = -1;
  for (int i = 0; i < 64; ++i) reverse[static_cast<unsigned char>(kAlphabet[i])] = static_cast<signed char>(i);
  return reverse;
}
constexpr std::array<signed char, 256> kReverse = MakeReverse();

}  // namespace

int64_t Base64Decode(absl::string_view text, std::string* bytes) {
  bytes->clear();
  bytes->reserve(text.size() / 4 * 3);
  uint32_t bits = 0;
  int count = 0;    // characters of the open group
  int padding = 0;  // '=' of the open group
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' || c == '\n') continue;
    if (c == '=') {
      if (count + padding < 2 || count + padding >= 4) return i;
      ++padding;
      if (count + padding == 4) {
        for (size_t j = i + 1; j < text.size(); ++j) {  // nothing but line ends may follow
          if (text[j] != '\r' && text[j] != '\n') return j;
        }
        if (count == 2) bytes->push_back(static_cast<char>(bits >> 4));
        if (count == 3) {
          bytes->push_back(static_cast<char>(bits >> 10));
          bytes->push_back(static_cast<char>(bits >> 2));
        }
        return -1;
      }
      continue;
    }
    const int value = kReverse[static_cast<unsigned char>(c)];
    if (value < 0 || padding > 0) return i;
    bits = bits << 6 | static_cast<uint32_t>(value);
    if (++count < 4) continue;
    bytes->push_back(static_cast<char>(bits >> 16));
    bytes->push_back(static_cast<char>(bits >> 8));
    bytes->push_back(static_cast<char>(bits));
    bits = 0;
    count = 0;
  }
  return count == 0 && padding == 0 ? -1 : static_cast<int64_t>(text.size()) - count - padding;
}

void Base64Append(absl::string_view bytes, std::string* out) {
  size_t i = 0;
  const auto at = [&](size_t j) { return static_cast<uint32_t>(static_cast<unsigned char>(bytes[j])); };
  for (; i + 2 < bytes.size(); i += 3) {
    const uint32_t bits = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    const char group[4] = {kAlphabet[bits >> 18], kAlphabet[bits >> 12 & 63], kAlphabet[bits >> 6 & 63], kAlphabet[bits & 63]};
    out->append(group, 4);
  }
  if (i == bytes.size()) return;
  const uint32_t bits = at(i) << 16 | (i + 1 < bytes.size() ? at(i + 1) << 8 : 0);
  const char group[4] = {kAlphabet[bits >> 18], kAlphabet[bits >> 12 & 63],
                         i + 1 < bytes.size() ? kAlphabet[bits >> 6 & 63] : '=', '='};
  out->append(group, 4);
}

}  // namespace apimachinery
