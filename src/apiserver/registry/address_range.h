// Where service addresses may come from: the IPv4 ranges of the ServiceCIDR objects. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apiserver/pipeline/objects.h"

namespace apiserver::registry {

std::string AddressText(uint32_t address);              // host order
std::optional<uint32_t> ParseAddress(const std::string& text);  // nullopt: no IPv4 address

// The addresses between a network's first and last, which nobody gets.
struct AddressRange {
  uint32_t network = 0, size = 0;  // host order; size 0: none

  static AddressRange Parse(absl::string_view cidr);
  bool Has(uint32_t address) const { return size >= 4 && address > network && address < network + size - 1; }
  uint32_t count() const { return size < 4 ? 0 : size - 2; }
  // The lower part is kept for addresses that people ask for, as upstream does.
  uint32_t reserved() const;
};

// Ranges of the objects that are ready and not on their way out, `first` before all others; `first` alone when there
// are no objects.
std::vector<AddressRange> UsableRanges(const AddressRange& first, absl::Span<const pipeline::ObjectPtr> objects);

}  // namespace apiserver::registry
