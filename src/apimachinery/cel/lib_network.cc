// ip("10.0.0.1"), cidr("10.0.0.0/8"): addresses and networks.
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/function.h"
#include "apimachinery/cel/net_address.h"
#include "apimachinery/cel/opaque.h"
#include "apimachinery/go_quote.h"

namespace apimachinery::cel {
namespace {

struct IpTraits : BoxDefaults {
  static const TypePtr& Type() {
    static const TypePtr& type = *new TypePtr(OpaqueType("net.IP"));
    return type;
  }
  static bool Equal(const NetAddress& a, const NetAddress& b) { return a == b; }
  static int64_t Size(const NetAddress& a) { return a.bits() / 8; }
  static absl::string_view GoType(const NetAddress&) { return "cel.IP"; }
  static std::string Native(const NetAddress& a) { return absl::StrCat("(netip.Addr)", a.ToString()); }
};
using IpBox = Boxed<NetAddress, IpTraits>;

struct CidrTraits : BoxDefaults {
  static const TypePtr& Type() {
    static const TypePtr& type = *new TypePtr(OpaqueType("net.CIDR"));
    return type;
  }
  static bool Equal(const NetPrefix& a, const NetPrefix& b) { return a == b; }
  static int64_t Size(const NetPrefix& p) { return (p.length + 7) / 8; }
  static absl::string_view GoType(const NetPrefix&) { return "cel.CIDR"; }
  static std::string Native(const NetPrefix& p) { return absl::StrCat("(netip.Prefix)", p.ToString()); }
};
using CidrBox = Boxed<NetPrefix, CidrTraits>;

std::string ReadIp(absl::string_view text, NetAddress* out) {
  if (const std::string bad = ParseNetAddress(text, out); !bad.empty()) {
    return absl::StrCat("IP Address ", GoQuote(text), " parse error during conversion from string: ", bad);
  }
  if (!out->zone.empty()) return absl::StrCat("IP address ", GoQuote(text), " with zone value is not allowed");
  if (out->Is4In6()) return absl::StrCat("IPv4-mapped IPv6 address ", GoQuote(text), " is not allowed");
  return "";
}

std::string ReadCidr(absl::string_view text, NetPrefix* out) {
  constexpr char kParse[] = "network address parse error during conversion from string: ";
  if (const std::string bad = ParseNetPrefix(text, out); !bad.empty()) return absl::StrCat(kParse, kParse, bad);
  if (out->address.Is4In6()) return absl::StrCat(kParse, "IPv4-mapped IPv6 address ", GoQuote(text), " is not allowed");
  return "";
}

Val ToIp(Args args) {
  NetAddress address;
  std::string bad = ReadIp(args[0].text(), &address);
  return bad.empty() ? IpBox::Box(std::move(address)) : Val::Error(std::move(bad));
}

Val ToCidr(Args args) {
  NetPrefix prefix;
  std::string bad = ReadCidr(args[0].text(), &prefix);
  return bad.empty() ? CidrBox::Box(std::move(prefix)) : Val::Error(std::move(bad));
}

Val IsIp(Args args) {
  NetAddress address;
  return Val::Bool(ReadIp(args[0].text(), &address).empty());
}
Val IsCidr(Args args) {
  NetPrefix prefix;
  return Val::Bool(ReadCidr(args[0].text(), &prefix).empty());
}
Val IsCanonical(Args args) {
  NetAddress address;
  std::string bad = ReadIp(args[0].text(), &address);
  return bad.empty() ? Val::Bool(address.ToString() == args[0].text()) : Val::Error(std::move(bad));
}
Val IpText(Args args) { return Val::String(IpBox::Unbox(args[0]).ToString()); }
Val CidrText(Args args) { return Val::String(CidrBox::Unbox(args[0]).ToString()); }
Val Family(Args args) { return Val::Int(IpBox::Unbox(args[0]).v4 ? 4 : 6); }

template <bool (*kTest)(const NetAddress&)>
Val Test(Args args) { return Val::Bool(kTest(IpBox::Unbox(args[0]))); }

bool AllZero(const NetAddress& a, int from, int to) {
  for (int i = from; i < to; ++i) {
    if (a.bytes[i] != 0) return false;
  }
  return true;
}
bool Unspecified(const NetAddress& a) { return AllZero(a, 0, a.bits() / 8); }
bool Loopback(const NetAddress& a) { return a.v4 ? a.bytes[0] == 127 : AllZero(a, 0, 15) && a.bytes[15] == 1; }
bool Multicast(const NetAddress& a) { return a.v4 ? (a.bytes[0] & 0xF0) == 0xE0 : a.bytes[0] == 0xFF; }
bool LinkLocalMulticast(const NetAddress& a) {
  return a.v4 ? a.bytes[0] == 224 && a.bytes[1] == 0 && a.bytes[2] == 0 : a.bytes[0] == 0xFF && (a.bytes[1] & 0x0F) == 0x02;
}
bool LinkLocalUnicast(const NetAddress& a) {
  return a.v4 ? a.bytes[0] == 169 && a.bytes[1] == 254 : a.bytes[0] == 0xFE && (a.bytes[1] & 0xC0) == 0x80;
}
bool GlobalUnicast(const NetAddress& a) {
  const bool broadcast = a.v4 && a.bytes[0] == 255 && a.bytes[1] == 255 && a.bytes[2] == 255 && a.bytes[3] == 255;
  return !broadcast && !Unspecified(a) && !Loopback(a) && !Multicast(a) && !LinkLocalUnicast(a);
}

Val ContainsIp(Args args) {
  Val other = args[1];
  if (other.is(Val::Kind::kString)) {
    const Val text[] = {other};
    other = ToIp(text);
  }
  // Upstream looks at the network before the address: a text that is no address is "no such overload".
  if (other.is_error()) return Val::Error("no such overload");
  return Val::Bool(CidrBox::Unbox(args[0]).Contains(IpBox::Unbox(other)));
}

Val ContainsCidr(Args args) {
  Val other = args[1];
  if (other.is(Val::Kind::kString)) {
    const Val text[] = {other};
    other = ToCidr(text);
  }
  if (other.is_error()) return other;
  const NetPrefix &outer = CidrBox::Unbox(args[0]), &inner = CidrBox::Unbox(other);
  return Val::Bool(outer.length <= inner.length && outer.Contains(inner.address));
}

Val CidrIp(Args args) { return IpBox::Box(CidrBox::Unbox(args[0]).address); }
Val PrefixLength(Args args) { return Val::Int(CidrBox::Unbox(args[0]).length); }
Val Masked(Args args) { return CidrBox::Box(CidrBox::Unbox(args[0]).Masked()); }

}  // namespace

absl::Span<const OverloadRow> NetworkFunctions() {
  static constexpr OverloadRow kRows[] = {
      {"ip", "string_to_ip", "(string) -> net.IP", ToIp},
      {"ip", "cidr_ip", "net.CIDR.() -> net.IP", CidrIp},
      {"family", "ip_family", "net.IP.() -> int", Family},
      {"ip.isCanonical", "ip_is_canonical", "(string) -> bool", IsCanonical},
      {"isUnspecified", "ip_is_unspecified", "net.IP.() -> bool", Test<Unspecified>},
      {"isLoopback", "ip_is_loopback", "net.IP.() -> bool", Test<Loopback>},
      {"isLinkLocalMulticast", "ip_is_link_local_multicast", "net.IP.() -> bool", Test<LinkLocalMulticast>},
      {"isLinkLocalUnicast", "ip_is_link_local_unicast", "net.IP.() -> bool", Test<LinkLocalUnicast>},
      {"isGlobalUnicast", "ip_is_global_unicast", "net.IP.() -> bool", Test<GlobalUnicast>},
      {"isIP", "is_ip", "(string) -> bool", IsIp},
      {"string", "ip_to_string", "(net.IP) -> string", IpText},
      {"cidr", "string_to_cidr", "(string) -> net.CIDR", ToCidr},
      {"containsIP", "cidr_contains_ip_string", "net.CIDR.(string) -> bool", ContainsIp},
      {"containsIP", "cidr_contains_ip_ip", "net.CIDR.(net.IP) -> bool", ContainsIp},
      {"containsCIDR", "cidr_contains_cidr_string", "net.CIDR.(string) -> bool", ContainsCidr},
      {"containsCIDR", "cidr_contains_cidr", "net.CIDR.(net.CIDR) -> bool", ContainsCidr},
      {"prefixLength", "cidr_prefix_length", "net.CIDR.() -> int", PrefixLength},
      {"masked", "cidr_masked", "net.CIDR.() -> net.CIDR", Masked},
      {"isCIDR", "is_cidr", "(string) -> bool", IsCidr},
      {"string", "cidr_to_string", "(net.CIDR) -> string", CidrText},
  };
  return kRows;
}

}  // namespace apimachinery::cel
