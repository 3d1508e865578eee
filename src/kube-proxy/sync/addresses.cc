#include "kube-proxy/sync/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace kube_proxy::sync {
namespace {

// Bytes of an address; 0 when the text is none.
size_t Bytes(const std::string& text, std::array<unsigned char, 16>& out) {
  if (inet_pton(AF_INET, text.c_str(), out.data()) == 1) return 4;
  if (inet_pton(AF_INET6, text.c_str(), out.data()) == 1) return 16;
  return 0;
}

}  // namespace

bool InCidr(absl::string_view address, absl::string_view cidr) {
  const std::vector<std::string> parts = absl::StrSplit(cidr, '/');
  std::array<unsigned char, 16> a{}, b{};
  const size_t size = Bytes(std::string(address), a);
  int bits = 0;
  if (parts.size() != 2 || size == 0 || Bytes(parts[0], b) != size || !absl::SimpleAtoi(parts[1], &bits)) return false;
  if (bits < 0 || static_cast<size_t>(bits) > size * 8) return false;
  const size_t whole = static_cast<size_t>(bits) / 8;
  if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  const int mask = 0xff << (8 - rest);
  return ((a[whole] ^ b[whole]) & mask) == 0;
}

std::vector<std::string> LocalAddressesIn(const std::vector<std::string>& cidrs, rules::Family family) {
  std::vector<std::string> out;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return out;
  const int wanted = family == rules::Family::kIpv6 ? AF_INET6 : AF_INET;
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != wanted) continue;
    char text[INET6_ADDRSTRLEN];
    const void* bytes = wanted == AF_INET
                            ? static_cast<const void*>(&reinterpret_cast<sockaddr_in*>(at->ifa_addr)->sin_addr)
                            : static_cast<const void*>(&reinterpret_cast<sockaddr_in6*>(at->ifa_addr)->sin6_addr);
    if (inet_ntop(wanted, bytes, text, sizeof text) == nullptr) continue;
    if (std::any_of(cidrs.begin(), cidrs.end(), [&](const std::string& c) { return InCidr(text, c); })) out.emplace_back(text);
  }
  freeifaddrs(list);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace kube_proxy::sync
