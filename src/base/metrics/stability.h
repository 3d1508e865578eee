// How steady a metric's name is: upstream says so in its HELP text and counts its metrics by it.
#pragma once
#include "absl/strings/string_view.h"

namespace base {

// "ALPHA", "BETA", "STABLE", "INTERNAL"; "" for those of the process itself, which have none.
absl::string_view StabilityOf(absl::string_view name);

}  // namespace base
