#include "apiserver/registry/port_map.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/schema.h"

namespace apiserver::registry {
namespace {

const apimachinery::Message& RangeAllocation() {
  static const apimachinery::Message& message = *apimachinery::Schema::Builtin().FindMessage("core.v1.RangeAllocation");
  return message;
}

}  // namespace

PortMap::PortMap(int first, int last) : first_(first), last_(std::max(last, first)) {
  bits_.assign(static_cast<size_t>((size() + 7) / 8), '\0');
}

PortMap PortMap::Decode(int first, int last, absl::string_view stored) {
  PortMap map(first, last);
  if (stored.empty()) return map;
  auto decoded = apimachinery::DecodeObject(RangeAllocation(), stored);
  std::string data;
  if (!decoded.ok() || apimachinery::Base64Decode(decoded->GetString("data"), &data) >= 0) return map;
  map.range_ = *std::move(decoded);
  std::reverse(data.begin(), data.end());
  data.resize(map.bits_.size(), '\0');
  map.bits_ = std::move(data);
  return map;
}

std::string PortMap::Encode() const {
  std::string data(bits_.rbegin(), bits_.rend()), encoded, wire;
  data.erase(0, data.find_first_not_of('\0'));
  apimachinery::Base64Append(data, &encoded);
  apimachinery::Value range = range_;
  range.Set("kind", "RangeAllocation");
  range.Set("apiVersion", "v1");
  range.Set("range", absl::StrCat(first_, "-", last_));
  range.Set("data", std::move(encoded));
  if (!range.Has("metadata")) range.Set("metadata", apimachinery::Value::MakeObject());
  apimachinery::EncodeWire(RangeAllocation(), range, &wire);
  return apimachinery::EncodeEnvelope("v1", "RangeAllocation", wire);
}

bool PortMap::Has(int port) const {
  if (!InRange(port)) return false;
  const int n = port - first_;
  return (bits_[static_cast<size_t>(n / 8)] >> (n % 8) & 1) != 0;
}

void PortMap::Set(int port, bool taken) {
  if (!InRange(port)) return;
  const int n = port - first_;
  char& byte = bits_[static_cast<size_t>(n / 8)];
  byte = static_cast<char>(taken ? byte | 1 << (n % 8) : byte & ~(1 << (n % 8)));
}

int PortMap::FirstFree(int start) const {
  for (int i = 0; i < size(); ++i) {
    const int port = first_ + (start - first_ + i) % size();
    if (!Has(port)) return port;
  }
  return 0;
}

std::set<int> PortMap::Taken() const {
  std::set<int> out;
  for (int port = first_; port <= last_; ++port) {
    if (Has(port)) out.insert(port);
  }
  return out;
}

}  // namespace apiserver::registry
