// How many seats a request is worth. Pure.
#pragma once
#include <cstdint>

#include "apiserver/pipeline/request.h"

namespace apiserver::flowcontrol {

// `stored`: objects of the request's resource. A list is worth a seat per hundred objects it may go through, up to
// `most`; everything else one seat.
int EstimateSeats(const pipeline::RequestInfo& request, int64_t limit, int64_t stored, int most);

}  // namespace apiserver::flowcontrol
