#include "apiserver/registry/address_range.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "apimachinery/value.h"

namespace apiserver::registry {
namespace {

// What is not said to be unready is ready: the condition is set by a controller, some time after the object came.
bool Usable(const apimachinery::Value& object) {
  if (object.At("metadata.deletionTimestamp") != nullptr) return false;
  for (const apimachinery::Value& condition : object.GetArray("status.conditions")) {
    if (condition.GetString("type") == "Ready") return condition.GetString("status") == "True";
  }
  return true;
}

}  // namespace

std::string AddressText(uint32_t address) {
  const in_addr in{htonl(address)};
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &in, text, sizeof(text)) == nullptr ? "" : text;
}

std::optional<uint32_t> ParseAddress(const std::string& text) {
  in_addr in{};
  if (inet_pton(AF_INET, text.c_str(), &in) != 1) return std::nullopt;
  return ntohl(in.s_addr);
}

AddressRange AddressRange::Parse(absl::string_view cidr) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(cidr, absl::MaxSplits('/', 1));
  AddressRange range;
  int bits = 0;
  const std::optional<uint32_t> network = ParseAddress(parts.first);
  if (!network || !absl::SimpleAtoi(parts.second, &bits) || bits <= 0 || bits >= 32) return range;
  range.size = 1u << (32 - bits);
  range.network = *network & ~(range.size - 1);
  return range;
}

uint32_t AddressRange::reserved() const {
  return std::min<uint32_t>(std::max<uint32_t>(count() / 16, 16), std::min<uint32_t>(256, count() / 2));
}

std::vector<AddressRange> UsableRanges(const AddressRange& first, absl::Span<const pipeline::ObjectPtr> objects) {
  if (objects.empty()) return {first};
  std::vector<AddressRange> ranges;
  for (const pipeline::ObjectPtr& object : objects) {
    if (!Usable(*object)) continue;
    for (const apimachinery::Value& cidr : object->GetArray("spec.cidrs")) {
      if (!cidr.is_string()) continue;
      const AddressRange range = AddressRange::Parse(cidr.as_string());
      if (range.count() == 0) continue;  // of the other family, or too small to give anything
      const bool before_all = range.network == first.network && range.size == first.size;
      ranges.insert(before_all ? ranges.begin() : ranges.end(), range);
    }
  }
  return ranges;
}

}  // namespace apiserver::registry
