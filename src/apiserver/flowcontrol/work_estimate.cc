#include "apiserver/flowcontrol/work_estimate.h"

#include <algorithm>

namespace apiserver::flowcontrol {

int EstimateSeats(const pipeline::RequestInfo& request, int64_t limit, int64_t stored, int most) {
  constexpr int64_t kObjectsPerSeat = 100;
  if (!request.is_resource_request || (request.verb != "list" && request.verb != "deletecollection")) return 1;
  const int64_t through = limit > 0 ? std::min(limit, stored) : stored;
  return static_cast<int>(std::clamp<int64_t>((through + kObjectsPerSeat - 1) / kObjectsPerSeat, 1, std::max(most, 1)));
}

}  // namespace apiserver::flowcontrol
