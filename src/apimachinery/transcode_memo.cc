#include "apimachinery/transcode_memo.h"

#include <algorithm>

namespace apimachinery {
namespace {

constexpr int kMostCredit = 8;
constexpr uint32_t kTryEvery = 32;

}  // namespace

absl::string_view TranscodeMemo::Find(const Message& message, absl::string_view wire) {
  Place& place = PlaceOf(message, wire);
  if (place.message != &message || place.wire != wire) return {};
  place.credit = std::min(place.credit + 2, kMostCredit);
  return place.json;
}

void TranscodeMemo::Remember(const Message& message, absl::string_view wire, absl::string_view json) {
  Place& place = PlaceOf(message, wire);
  if (place.credit <= 0 && ++place.refused % kTryEvery != 0) return;
  if (place.credit > 0) --place.credit;
  place.message = &message;
  place.wire.assign(wire.data(), wire.size());
  place.json.assign(json.data(), json.size());
}

}  // namespace apimachinery
