#include "controller-manager/nodeipam/cidr_set.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace controller_manager {
namespace {

uint32_t Mask(int bits) { return bits == 0 ? 0 : ~uint32_t{0} << (32 - bits); }

}  // namespace

bool Ipv4Net::Overlaps(const Ipv4Net& other) const {
  const uint32_t mask = Mask(std::min(bits, other.bits));
  return (address & mask) == (other.address & mask);
}

absl::StatusOr<Ipv4Net> ParseIpv4Net(absl::string_view text) {
  const size_t slash = text.find('/');
  Ipv4Net net;
  in_addr address;
  if (slash == absl::string_view::npos || !absl::SimpleAtoi(text.substr(slash + 1), &net.bits) || net.bits < 0 ||
      net.bits > 32 || inet_pton(AF_INET, std::string(text.substr(0, slash)).c_str(), &address) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("invalid IPv4 network \"", text, "\": want a.b.c.d/n"));
  }
  net.address = ntohl(address.s_addr) & Mask(net.bits);
  return net;
}

std::string ToString(const Ipv4Net& net) {
  const uint32_t a = net.address;
  return absl::StrCat(a >> 24, ".", a >> 16 & 255, ".", a >> 8 & 255, ".", a & 255, "/", net.bits);
}

CidrSet::CidrSet(const Ipv4Net& cluster, int block_bits)
    : cluster_(cluster), block_bits_(block_bits), used_(size_t{1} << (block_bits - cluster.bits)) {}

absl::StatusOr<CidrSet> CidrSet::Create(const Ipv4Net& cluster, int block_bits) {
  if (block_bits < cluster.bits || block_bits > 32 || block_bits - cluster.bits > 16) {
    return absl::InvalidArgumentError(
        absl::StrCat("node CIDR mask size ", block_bits, " does not fit the cluster CIDR ", ToString(cluster)));
  }
  return CidrSet(cluster, block_bits);
}

void CidrSet::Mark(const Ipv4Net& net, bool used) {
  if (!net.Overlaps(cluster_)) return;
  const int shift = 32 - block_bits_;
  size_t first = 0, last = used_.size() - 1;
  if (net.bits > cluster_.bits) {
    first = (net.address - cluster_.address) >> shift;
    last = ((net.address | ~Mask(net.bits)) - cluster_.address) >> shift;
  }
  for (size_t i = first; i <= last; ++i) used_[i] = used;
}

void CidrSet::Occupy(const Ipv4Net& net) { Mark(net, true); }
void CidrSet::Release(const Ipv4Net& net) { Mark(net, false); }

std::optional<Ipv4Net> CidrSet::Allocate() {
  for (size_t tried = 0; tried < used_.size(); ++tried) {
    const size_t i = (next_ + tried) % used_.size();
    if (used_[i]) continue;
    used_[i] = true;
    next_ = i + 1;
    return Ipv4Net{cluster_.address + static_cast<uint32_t>(i << (32 - block_bits_)), block_bits_};
  }
  return std::nullopt;
}

}  // namespace controller_manager
