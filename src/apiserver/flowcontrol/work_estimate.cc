#include "apiserver/flowcontrol/work_estimate.h"

#include <algorithm>

#include "absl/strings/numbers.h"

namespace apiserver::flowcontrol {
namespace {

constexpr int64_t kBytesPerSeat = 100'000;
constexpr int64_t kMostFromCache = 1'000'000;  // bytes: lists are streamed
constexpr int64_t kLargestObject = 1'500'000;  // what an object of unknown size is taken for

}  // namespace

bool ReadsMany(const pipeline::RequestInfo& request) {
  return request.is_resource_request && (request.verb == "list" || request.verb == "watch");
}

ListShape ShapeOf(const pipeline::RequestInfo& request, absl::string_view limit, absl::string_view resource_version,
                  absl::string_view match, absl::string_view continue_token, bool sends_initial_events) {
  ListShape shape;
  if (!absl::SimpleAtoi(limit, &shape.limit)) shape.limit = 0;
  shape.selects = !request.label_selector.empty() || !request.field_selector.empty();
  const bool any = resource_version.empty() || resource_version == "0";
  if (request.verb == "watch") {
    shape.state = sends_initial_events || any;
  } else {
    shape.from_store = match == "Exact" || (match.empty() && (!continue_token.empty() || (shape.limit > 0 && !any)));
  }
  return shape;
}

int EstimateSeats(const pipeline::RequestInfo& request, const ListShape& shape, const Stored& stored, int most) {
  if (!ReadsMany(request) || (request.verb == "watch" && !shape.state)) return 1;
  int64_t size = stored.objects == 0 ? 0 : stored.bytes / stored.objects;
  if (size <= 0 && stored.objects != 0) size = kLargestObject;
  const int64_t wanted = shape.limit > 0 ? std::min(shape.limit, stored.objects) : stored.objects;
  int64_t objects = wanted;
  if (!request.name.empty()) {
    objects = 1;
  } else if (shape.from_store && shape.selects) {
    objects = std::max(wanted, stored.objects / 2);
  }
  int64_t bytes = std::min(objects, INT64_MAX / kLargestObject / 2) * size;
  if (!shape.from_store) bytes = std::min(bytes, kMostFromCache);
  return static_cast<int>(
      std::clamp<int64_t>((bytes + kBytesPerSeat - 1) / kBytesPerSeat, 1, std::clamp(most, 1, kMostSeats)));
}

}  // namespace apiserver::flowcontrol
