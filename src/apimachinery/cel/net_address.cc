#include "apimachinery/cel/net_address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"

namespace apimachinery::cel {
namespace {

std::string Told(absl::string_view in, absl::string_view problem, absl::string_view at = "") {
  return absl::StrCat("ParseAddr(", GoQuote(in), "): ", problem, at.empty() ? "" : absl::StrCat(" (at ", GoQuote(at), ")"));
}

// Four octets into `out`; `in` is what messages quote.
std::string ParseV4(absl::string_view in, absl::string_view s, uint8_t* out) {
  int value = 0, field = 0, digits = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    if (absl::ascii_isdigit(s[i])) {
      if (digits == 1 && value == 0) return Told(in, "IPv4 field has octet with leading zero");
      value = value * 10 + (s[i] - '0');
      ++digits;
      if (value > 255) return Told(in, "IPv4 field has value >255");
    } else if (s[i] == '.') {
      if (i == 0 || i + 1 == s.size() || s[i - 1] == '.') {
        return Told(in, "IPv4 field must have at least one digit", s.substr(i));
      }
      if (field == 3) return Told(in, "IPv4 address too long");
      out[field++] = static_cast<uint8_t>(value);
      value = digits = 0;
    } else {
      return Told(in, "unexpected character", s.substr(i));
    }
  }
  if (field < 3) return Told(in, "IPv4 address too short");
  out[3] = static_cast<uint8_t>(value);
  return "";
}

std::string ParseV6(absl::string_view in, NetAddress* out) {
  absl::string_view s = in;
  if (const size_t percent = s.find('%'); percent != absl::string_view::npos) {
    out->zone = std::string(s.substr(percent + 1));
    s = s.substr(0, percent);
    if (out->zone.empty()) return Told(in, "zone must be a non-empty string");
  }
  uint8_t* bytes = out->bytes.data();
  int ellipsis = -1, i = 0;
  if (s.substr(0, 2) == "::") {
    ellipsis = 0;
    s.remove_prefix(2);
    if (s.empty()) return "";
  }
  while (i < 16) {
    size_t length = 0;
    uint32_t value = 0;
    while (length < s.size() && absl::ascii_isxdigit(s[length])) {
      const char c = absl::ascii_tolower(s[length]);
      value = value << 4 | static_cast<uint32_t>(absl::ascii_isdigit(c) ? c - '0' : c - 'a' + 10);
      if (length > 3) return Told(in, "each group must have 4 or less digits", s);
      ++length;
    }
    if (length == 0) return Told(in, "each colon-separated field must have at least one digit", s);
    if (length < s.size() && s[length] == '.') {
      if (ellipsis < 0 && i != 12) {
        return Told(in, "embedded IPv4 address must replace the final 2 fields of the address", s);
      }
      if (i + 4 > 16) return Told(in, "too many hex fields to fit an embedded IPv4 at the end of the address", s);
      if (std::string bad = ParseV4(in, s, bytes + i); !bad.empty()) return bad;
      s = "";
      i += 4;
      break;
    }
    bytes[i++] = static_cast<uint8_t>(value >> 8);
    bytes[i++] = static_cast<uint8_t>(value);
    s.remove_prefix(length);
    if (s.empty()) break;
    if (s[0] != ':') return Told(in, "unexpected character, want colon", s);
    if (s.size() == 1) return Told(in, "colon must be followed by more characters", s);
    s.remove_prefix(1);
    if (s[0] == ':') {
      if (ellipsis >= 0) return Told(in, "multiple :: in address", s);
      ellipsis = i;
      s.remove_prefix(1);
      if (s.empty()) break;
    }
  }
  if (!s.empty()) return Told(in, "trailing garbage after address", s);
  if (i < 16) {
    if (ellipsis < 0) return Told(in, "address string too short");
    const int shift = 16 - i;
    std::copy_backward(bytes + ellipsis, bytes + i, bytes + 16);
    std::fill(bytes + ellipsis, bytes + ellipsis + shift, 0);
  } else if (ellipsis >= 0) {
    return Told(in, "the :: must expand to at least one field of zeros");
  }
  return "";
}

}  // namespace

std::string ParseNetAddress(absl::string_view text, NetAddress* out) {
  const size_t first = text.find_first_of(".:%");
  if (first == absl::string_view::npos) return Told(text, "unable to parse IP");
  if (text[first] == '%') return Told(text, "missing IPv6 address");
  out->v4 = text[first] == '.';
  return out->v4 ? ParseV4(text, text, out->bytes.data()) : ParseV6(text, out);
}

std::string ParseNetPrefix(absl::string_view text, NetPrefix* out) {
  const auto told = [&](absl::string_view problem) {
    return absl::StrCat("netip.ParsePrefix(", GoQuote(text), "): ", problem);
  };
  const size_t slash = text.rfind('/');
  if (slash == absl::string_view::npos) return told("no '/'");
  if (std::string bad = ParseNetAddress(text.substr(0, slash), &out->address); !bad.empty()) return told(bad);
  if (!out->address.zone.empty()) return told("IPv6 zones cannot be present in a prefix");
  const absl::string_view bits = text.substr(slash + 1);
  const bool digits = !bits.empty() && bits.size() < 9 &&
                      std::all_of(bits.begin(), bits.end(), [](char c) { return absl::ascii_isdigit(c); });
  if (!digits || (bits.size() > 1 && bits[0] == '0') || !absl::SimpleAtoi(bits, &out->length)) {
    return told(absl::StrCat("bad bits after slash: ", GoQuote(bits)));
  }
  if (out->length > out->address.bits()) return told("prefix length out of range");
  return "";
}

bool NetAddress::Is4In6() const {
  return !v4 && std::all_of(bytes.begin(), bytes.begin() + 10, [](uint8_t b) { return b == 0; }) && bytes[10] == 0xFF &&
         bytes[11] == 0xFF;
}

std::string NetAddress::ToString() const {
  char buffer[INET6_ADDRSTRLEN];
  if (v4 || Is4In6()) {
    inet_ntop(AF_INET, bytes.data() + (v4 ? 0 : 12), buffer, sizeof buffer);
    return v4 ? buffer : absl::StrCat("::ffff:", buffer, zone.empty() ? "" : "%", zone);
  }
  // RFC 5952, and never with an embedded IPv4 address as inet_ntop would write ::1.2.3.4.
  int best = -1, best_length = 1;
  for (int i = 0; i < 8;) {
    int run = 0;
    while (i + run < 8 && bytes[2 * (i + run)] == 0 && bytes[2 * (i + run) + 1] == 0) ++run;
    if (run > best_length) {
      best = i;
      best_length = run;
    }
    i += std::max(run, 1);
  }
  std::string out;
  for (int i = 0; i < 8; ++i) {
    if (i == best) {
      out += "::";
      i += best_length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    absl::StrAppend(&out, absl::Hex(bytes[2 * i] << 8 | bytes[2 * i + 1]));
  }
  return absl::StrCat(out, zone.empty() ? "" : "%", zone);
}

NetPrefix NetPrefix::Masked() const {
  NetPrefix out = *this;
  for (int bit = length; bit < out.address.bits(); ++bit) out.address.bytes[bit / 8] &= static_cast<uint8_t>(~(0x80 >> bit % 8));
  return out;
}

bool NetPrefix::Contains(const NetAddress& other) const {
  if (other.v4 != address.v4) return false;
  return NetPrefix{other, length}.Masked().address.bytes == Masked().address.bytes;
}

std::string NetPrefix::ToString() const { return absl::StrCat(address.ToString(), "/", length); }

}  // namespace apimachinery::cel
