// Equal blocks cut from one IPv4 network, handed out lowest first. Pure; not thread-safe.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace controller_manager {

struct Ipv4Net {
  uint32_t address = 0;  // host order, host bits zero
  int bits = 0;
  bool Overlaps(const Ipv4Net& other) const;
  friend bool operator==(const Ipv4Net&, const Ipv4Net&) = default;
};
// InvalidArgument: no "a.b.c.d/n".
absl::StatusOr<Ipv4Net> ParseIpv4Net(absl::string_view text);
std::string ToString(const Ipv4Net& net);

class CidrSet {
 public:
  // Blocks of `block_bits` from `cluster`. InvalidArgument: the block is larger than the network or more than 2^16
  // times smaller.
  static absl::StatusOr<CidrSet> Create(const Ipv4Net& cluster, int block_bits);
  void Occupy(const Ipv4Net& net);  // every block it touches; outside of the cluster's network: nothing
  void Release(const Ipv4Net& net);
  std::optional<Ipv4Net> Allocate();  // nullopt: all taken

 private:
  CidrSet(const Ipv4Net& cluster, int block_bits);
  void Mark(const Ipv4Net& net, bool used);

  Ipv4Net cluster_;
  int block_bits_;
  std::vector<bool> used_;
  size_t next_ = 0;  // where to look first, so that a freed block is not reused at once
};

}  // namespace controller_manager
