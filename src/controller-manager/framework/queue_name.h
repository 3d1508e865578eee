// What upstream calls the queue of a controller: dashboards know it by that name.
#pragma once
#include "absl/strings/string_view.h"

namespace controller_manager {

// `controller`: "deployment-controller". Its own name when upstream's queue has no other.
absl::string_view QueueNameOf(absl::string_view controller);

}  // namespace controller_manager
