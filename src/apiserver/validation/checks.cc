#include "apiserver/validation/checks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/go_quote.h"

namespace apiserver::validation {
namespace {

const Value& Null() {
  static const Value& null = *new Value();
  return null;
}
const Value& EmptyObject() {
  static const Value& empty = *new Value(Object{});
  return empty;
}

bool IsZero(const Value* v) {
  if (v == nullptr) return true;
  switch (v->type()) {
    case Value::Type::kNull: return true;
    case Value::Type::kBool: return !v->as_bool();
    case Value::Type::kInt: return v->as_int() == 0;
    case Value::Type::kDouble: return v->as_double() == 0;
    case Value::Type::kString:
    case Value::Type::kRaw: return v->as_string().empty();
    case Value::Type::kArray: return v->empty();
    case Value::Type::kObject:
      return std::all_of(v->object().begin(), v->object().end(), [](const auto& m) { return IsZero(&m.value); });
  }
  return false;
}

struct Ip {
  int family = 0;
  std::array<unsigned char, 16> bytes{};
};

// Go's sloppy parser: leading zeros of IPv4 numbers are decimal; an IPv4-mapped address is IPv4.
Ip ParseIp(absl::string_view text) {
  Ip ip;
  if (text.find(':') == absl::string_view::npos) {
    const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
    if (parts.size() != 4) return ip;
    for (int i = 0; i < 4; ++i) {
      uint32_t n = 0;
      if (parts[i].empty() || !std::all_of(parts[i].begin(), parts[i].end(), absl::ascii_isdigit) ||
          !absl::SimpleAtoi(parts[i], &n) || n > 255) {
        return ip;
      }
      ip.bytes[i] = static_cast<unsigned char>(n);
    }
    ip.family = 4;
    return ip;
  }
  if (inet_pton(AF_INET6, std::string(text).c_str(), ip.bytes.data()) != 1) return ip;
  static constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  ip.family = 6;
  if (std::memcmp(ip.bytes.data(), kMapped, 12) == 0) {
    ip.family = 4;
    std::memmove(ip.bytes.data(), ip.bytes.data() + 12, 4);
  }
  return ip;
}

std::string Print(const Ip& ip) {
  if (ip.family == 4) {
    return absl::StrCat(int{ip.bytes[0]}, ".", int{ip.bytes[1]}, ".", int{ip.bytes[2]}, ".", int{ip.bytes[3]});
  }
  // RFC 5952: the longest run of two or more zero groups becomes "::", the first of equals.
  std::array<int, 8> groups;
  for (int i = 0; i < 8; ++i) groups[i] = ip.bytes[2 * i] << 8 | ip.bytes[2 * i + 1];
  int best = -1, best_length = 1;
  for (int i = 0; i < 8;) {
    int end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > best_length) best = i, best_length = end - i;
    i = std::max(end, i + 1);
  }
  std::string out;
  for (int i = 0; i < 8; ++i) {
    if (i == best) {
      out += "::";
      i += best_length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    absl::StrAppend(&out, absl::Hex(groups[i]));
  }
  return out;
}

bool LeadingZeros(absl::string_view text) {
  if (text.find(':') != absl::string_view::npos) return false;
  for (absl::string_view part : absl::StrSplit(text, '.')) {
    if (part.size() > 1 && part[0] == '0') return true;
  }
  return false;
}

constexpr char kIpText[] = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
constexpr char kCidrText[] = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

std::string MaskTrailingDash(absl::string_view name) {
  if (name.size() > 1 && name.back() == '-') return absl::StrCat(name.substr(0, name.size() - 2), "a");
  return std::string(name);
}

}  // namespace

absl::string_view Text(const Value& v, absl::string_view key) {
  const Value* m = v.Find(key);
  return m != nullptr && m->is_string() ? absl::string_view(m->as_string()) : absl::string_view("");
}
int64_t Int(const Value& v, absl::string_view key) {
  const Value* m = v.Find(key);
  return m != nullptr && m->is_int() ? m->as_int() : 0;
}
bool Flag(const Value& v, absl::string_view key) {
  const Value* m = v.Find(key);
  return m != nullptr && m->is_bool() && m->as_bool();
}
const Array& Items(const Value& v, absl::string_view key) {
  static const Array& none = *new Array();
  const Value* m = v.Find(key);
  return m != nullptr && m->is_array() ? m->array() : none;
}
const Object& Entries(const Value& v, absl::string_view key) {
  const Value* m = v.Find(key);
  return m != nullptr && m->is_object() ? m->object() : EmptyObject().object();
}
const Value& Sub(const Value& v, absl::string_view key) {
  const Value* m = v.Find(key);
  return m != nullptr && m->is_object() ? *m : EmptyObject();
}
const Value& Get(const Value& v, absl::string_view key) {
  const Value* m = v.FindSet(key);
  return m != nullptr ? *m : Null();
}
Quantity QuantityOf(const Value& v) { return v.is_string() ? Quantity::ParseOrZero(v.as_string()) : Quantity(); }

bool IsUnset(const Value* v) { return IsZero(v); }

bool SameValue(const Value* a, const Value* b) {
  if (a == nullptr) a = &Null();
  if (b == nullptr) b = &Null();
  if (a->is_object() && b->is_object()) {
    for (const auto& [key, value] : a->object()) {
      if (!SameValue(&value, b->Find(key))) return false;
    }
    for (const auto& [key, value] : b->object()) {
      if (!value.is_null() && a->Find(key) == nullptr) return false;
    }
    return true;
  }
  if (a->is_array() && b->is_array()) {
    if (a->size() != b->size()) return false;
    for (size_t i = 0; i < a->size(); ++i) {
      if (!SameValue(&a->array()[i], &b->array()[i])) return false;
    }
    return true;
  }
  return *a == *b;
}
bool SameMember(const Value& a, const Value& b, absl::string_view dotted) { return SameValue(a.At(dotted), b.At(dotted)); }

bool IdenticalMember(const Value& a, const Value& b, absl::string_view key) { return Get(a, key).IdenticalTo(Get(b, key)); }

bool In(absl::string_view text, Strings set) { return std::find(set.begin(), set.end(), text) != set.end(); }

std::string RangeText(int64_t low, int64_t high) {
  return absl::StrCat("must be between ", low, " and ", high, ", inclusive");
}

void Required(FieldErrors& e, const Path& p, const Value& v, absl::string_view key) {
  if (Text(v, key).empty()) e.Required(p / key);
}

void Named(FieldErrors& e, const Path& p, absl::string_view text, const Problems& problems) {
  if (!problems.empty()) e.InvalidAll(p, Value(text), problems);
}

void OneOf(FieldErrors& e, const Path& p, absl::string_view text, Strings allowed) {
  if (!In(text, allowed)) e.NotSupported(p, Value(text), absl::MakeConstSpan(allowed.begin(), allowed.size()));
}

void RequiredOneOf(FieldErrors& e, const Path& p, absl::string_view text, Strings allowed) {
  if (text.empty()) {
    e.Required(p);
  } else {
    OneOf(e, p, text, allowed);
  }
}

void NonNegative(FieldErrors& e, const Path& p, const Value& v, absl::string_view key) {
  const int64_t n = Int(v, key);
  if (n < 0) e.Invalid(p / key, n, kNegative);
}

void InRange(FieldErrors& e, const Path& p, int64_t number, int64_t low, int64_t high) {
  if (number < low || number > high) e.Invalid(p, number, RangeText(low, high));
}

void Immutable(FieldErrors& e, const Path& p, const Value* now, const Value* old) {
  if (!SameValue(now, old)) e.Invalid(p, now == nullptr ? Null() : *now, kImmutable);
}

void ImmutableText(FieldErrors& e, const Path& p, absl::string_view now, absl::string_view old) {
  if (now != old) e.Invalid(p, Value(now), kImmutable);
}

void PortNumber(FieldErrors& e, const Path& p, int64_t port) {
  for (const std::string& problem : apimachinery::IsValidPortNum(port)) e.Invalid(p, port, problem);
}

void PortNumberOrName(FieldErrors& e, const Path& p, const Value& port) {
  if (port.is_string()) {
    Named(e, p, port.as_string(), apimachinery::IsValidPortName(port.as_string()));
  } else {
    PortNumber(e, p, port.is_int() ? port.as_int() : 0);
  }
}

void LabelName(FieldErrors& e, const Path& p, absl::string_view name) {
  Named(e, p, name, apimachinery::IsQualifiedName(name));
}

void Labels(FieldErrors& e, const Path& p, const Value* labels) {
  if (labels == nullptr || !labels->is_object()) return;
  for (const auto& [key, value] : labels->object()) {
    LabelName(e, p, key);
    if (value.is_string()) Named(e, p, value.as_string(), apimachinery::IsValidLabelValue(value.as_string()));
  }
}

void Annotations(FieldErrors& e, const Path& p, const Value* annotations) {
  if (annotations == nullptr || !annotations->is_object()) return;
  size_t total = 0;
  for (const auto& [key, value] : annotations->object()) {
    Named(e, p, key, apimachinery::IsQualifiedName(absl::AsciiStrToLower(key)));
    total += key.size() + (value.is_string() ? value.as_string().size() : 0);
  }
  if (total > 256 * 1024) e.TooLong(p, 256 * 1024);
}

void SelectorOperator(FieldErrors& e, const Path& p, const Value& requirement, bool known) {
  const absl::string_view op = Text(requirement, "operator");
  const bool values = !Items(requirement, "values").empty();
  if (op == "In" || op == "NotIn") {
    if (!values) e.Required(p / "values", "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (values) e.Forbidden(p / "values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (known) {
    e.Invalid(p / "operator", Value(op), "not a valid selector operator");
  }
}

void LabelRequirement(FieldErrors& e, const Path& p, const Value& requirement, bool known) {
  SelectorOperator(e, p, requirement, known);
  LabelName(e, p / "key", Text(requirement, "key"));
  const Path values_path = p / "values";
  const Array& values = Items(requirement, "values");
  for (size_t k = 0; k < values.size(); ++k) {
    Named(e, values_path[k], values[k].as_string(), apimachinery::IsValidLabelValue(values[k].as_string()));
  }
}

void LabelSelectorObject(FieldErrors& e, const Path& p, const Value* selector) {
  if (selector == nullptr) return;
  Labels(e, p / "matchLabels", selector->Find("matchLabels"));
  const Path expressions = p / "matchExpressions";
  const Array& items = Items(*selector, "matchExpressions");
  for (size_t i = 0; i < items.size(); ++i) LabelRequirement(e, expressions[i], items[i]);
}

bool EmptySelector(const Value* selector) {
  return selector == nullptr || (Entries(*selector, "matchLabels").empty() && Items(*selector, "matchExpressions").empty());
}

void NoBacksteps(FieldErrors& e, const Path& p, absl::string_view path) {
  for (absl::string_view part : absl::StrSplit(path, '/')) {
    if (part != "..") continue;
    e.Invalid(p, Value(path), "must not contain '..'");
    return;
  }
}

void RelativePath(FieldErrors& e, const Path& p, absl::string_view path) {
  if (absl::StartsWith(path, "/")) e.Invalid(p, Value(path), "must be a relative path");
  NoBacksteps(e, p, path);
}

void LocalPath(FieldErrors& e, const Path& p, absl::string_view path) {
  RelativePath(e, p, path);
  if (absl::StartsWith(path, "..") && !absl::StartsWith(path, "../")) {
    e.Invalid(p, Value(path), "must not start with '..'");
  }
}

int IpFamily(absl::string_view ip) { return ParseIp(ip).family; }
std::string CanonicalIp(absl::string_view ip) {
  const Ip parsed = ParseIp(ip);
  return parsed.family == 0 ? "" : Print(parsed);
}

bool ParseCidr(absl::string_view cidr, int* family, std::string* canonical) {
  const size_t slash = cidr.find('/');
  if (slash == absl::string_view::npos) return false;
  Ip ip = ParseIp(cidr.substr(0, slash));
  const absl::string_view bits_text = cidr.substr(slash + 1);
  int bits = 0;
  if (ip.family == 0 || bits_text.empty() || !std::all_of(bits_text.begin(), bits_text.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(bits_text, &bits) || bits > (ip.family == 4 ? 32 : 128)) {
    return false;
  }
  if (family != nullptr) *family = ip.family;
  if (canonical != nullptr) {
    for (int bit = bits; bit < (ip.family == 4 ? 32 : 128); ++bit) ip.bytes[bit / 8] &= ~(0x80 >> (bit % 8));
    *canonical = absl::StrCat(Print(ip), "/", bits);
  }
  return true;
}

bool HasLeadingZeros(absl::string_view text) {
  const absl::string_view bits = text.substr(std::min(text.find('/'), text.size()));
  return LeadingZeros(text.substr(0, text.size() - bits.size())) || (bits.size() > 2 && bits[1] == '0');
}

void LegacyIp(FieldErrors& e, const Path& p, absl::string_view ip) {
  if (IpFamily(ip) == 0) e.Invalid(p, Value(ip), kIpText);
}
void LegacyCidr(FieldErrors& e, const Path& p, absl::string_view cidr) {
  if (!ParseCidr(cidr)) e.Invalid(p, Value(cidr), kCidrText);
}

void StrictIp(FieldErrors& e, const Path& p, absl::string_view text) {
  const Ip ip = ParseIp(text);
  if (ip.family == 0) return e.Invalid(p, Value(text), kIpText);
  if (LeadingZeros(text)) return e.Invalid(p, Value(text), "must not have leading 0s");
  if (ip.family == 4 && text.find(':') != absl::string_view::npos) {
    return e.Invalid(p, Value(text), "must not be an IPv4-mapped IPv6 address");
  }
  if (const std::string canonical = Print(ip); canonical != text) {
    e.Invalid(p, Value(text), absl::StrCat("must be in canonical form (\"", canonical, "\")"));
  }
}

void StrictCidr(FieldErrors& e, const Path& p, absl::string_view text) {
  std::string canonical;
  int family = 0;
  if (!ParseCidr(text, &family, &canonical)) return e.Invalid(p, Value(text), kCidrText);
  const absl::string_view address = text.substr(0, text.find('/'));
  if (HasLeadingZeros(text)) {
    return e.Invalid(p, Value(text), "must not have leading 0s in IP or prefix length");
  }
  if (family == 4 && address.find(':') != absl::string_view::npos) {
    return e.Invalid(p, Value(text), "must not have an IPv4-mapped IPv6 address");
  }
  if (canonical.substr(0, canonical.find('/')) != CanonicalIp(address)) {
    return e.Invalid(p, Value(text), "must not have bits set beyond the prefix length");
  }
  if (canonical != text) e.Invalid(p, Value(text), absl::StrCat("must be in canonical form (\"", canonical, "\")"));
}

void EndpointIp(FieldErrors& e, const Path& p, absl::string_view text) {
  const Ip ip = ParseIp(text);
  if (ip.family == 0) return e.Invalid(p, Value(text), "must be a valid IP address");
  const auto& b = ip.bytes;
  const bool v4 = ip.family == 4;
  const bool zero_but_last = std::all_of(b.begin(), b.begin() + 15, [](unsigned char c) { return c == 0; });
  if (v4 ? (b[0] | b[1] | b[2] | b[3]) == 0 : zero_but_last && b[15] == 0) {
    e.Invalid(p, Value(text), absl::StrCat("may not be unspecified (", text, ")"));
  }
  if (v4 ? b[0] == 127 : zero_but_last && b[15] == 1) {
    e.Invalid(p, Value(text), "may not be in the loopback range (127.0.0.0/8, ::1/128)");
  }
  if (v4 ? b[0] == 169 && b[1] == 254 : b[0] == 0xfe && (b[1] & 0xc0) == 0x80) {
    e.Invalid(p, Value(text), "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  }
  if (v4 ? b[0] == 224 && b[1] == 0 && b[2] == 0 : b[0] == 0xff && (b[1] & 0x0f) == 0x02) {
    e.Invalid(p, Value(text), "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  }
}

Problems SubdomainName(absl::string_view name, bool prefix) {
  return apimachinery::IsDns1123Subdomain(prefix ? MaskTrailingDash(name) : std::string(name));
}
Problems LabelNameRule(absl::string_view name, bool prefix) {
  return apimachinery::IsDns1123Label(prefix ? MaskTrailingDash(name) : std::string(name));
}
Problems Dns1035Name(absl::string_view name, bool prefix) {
  return apimachinery::IsDns1035Label(prefix ? MaskTrailingDash(name) : std::string(name));
}
Problems PathSegmentName(absl::string_view name, bool prefix) {
  return prefix ? apimachinery::IsPathSegmentPrefix(name) : apimachinery::IsPathSegmentName(name);
}

}  // namespace apiserver::validation
