// The order of API versions: v2 before v1, v1 before v1beta2, v1beta1, v1alpha1; others after them by name. Pure.
#pragma once
#include "absl/strings/string_view.h"

namespace apimachinery::structural {

// Below zero: `a` has the lower priority. Never 0 for different names.
int CompareVersions(absl::string_view a, absl::string_view b);

}  // namespace apimachinery::structural
