// How many seats a request is worth. Pure.
#pragma once
#include <cstdint>

#include "absl/strings/string_view.h"
#include "apiserver/pipeline/request.h"

namespace apiserver::flowcontrol {

// Of a list, or of a watch: what decides how much it reads.
struct ListShape {
  int64_t limit = 0;
  bool selects = false;     // by labels or fields
  bool from_store = false;  // the cache does not have what is asked for
  bool state = true;        // of a watch: it begins with what there is
};
// From the parameters as they were sent.
ListShape ShapeOf(const pipeline::RequestInfo& request, absl::string_view limit, absl::string_view resource_version,
                  absl::string_view match, absl::string_view continue_token, bool sends_initial_events);

// What is stored of a resource.
struct Stored {
  int64_t objects = 0, bytes = 0;
};

inline constexpr int kMostSeats = 100;  // that one list may take

bool ReadsMany(const pipeline::RequestInfo& request);  // a list or a watch: others take one seat
// Upstream's rule: a seat for every 100 kB that it holds at once, of which an answer from the cache never holds more than
// 1 MB; `most` at most.
int EstimateSeats(const pipeline::RequestInfo& request, const ListShape& shape, const Stored& stored, int most);

}  // namespace apiserver::flowcontrol
