// Container image references: [DOMAIN/]PATH[:TAG][@DIGEST].
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace apiserver::defaults {

// The tag, "latest" when the reference has neither tag nor digest, "" when it has only a digest or is no valid
// reference at all.
std::string ImageTag(absl::string_view reference);

}  // namespace apiserver::defaults
