// IP addresses and prefixes as Go's net/netip reads and writes them. Pure.
#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace apimachinery::cel {

struct NetAddress {
  bool v4 = true;
  std::array<uint8_t, 16> bytes{};  // the first four for IPv4
  std::string zone;

  int bits() const { return v4 ? 32 : 128; }
  bool Is4In6() const;
  std::string ToString() const;
  friend bool operator==(const NetAddress&, const NetAddress&) = default;
};

struct NetPrefix {
  NetAddress address;
  int length = 0;

  NetPrefix Masked() const;
  bool Contains(const NetAddress& other) const;
  std::string ToString() const;
  friend bool operator==(const NetPrefix&, const NetPrefix&) = default;
};

// The problem in Go's words (`ParseAddr("x"): unable to parse IP`), "" when `out` is filled.
std::string ParseNetAddress(absl::string_view text, NetAddress* out);
std::string ParseNetPrefix(absl::string_view text, NetPrefix* out);

}  // namespace apimachinery::cel
