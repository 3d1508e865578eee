// The pod security standards: what the levels baseline and restricted forbid.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apiserver::admission {

// `reason (detail), reason (detail)` of a pod (or template) at a level, as its newest version has it; "" when it
// complies. Every pod is "privileged".
std::string SecurityViolations(absl::string_view level, const apimachinery::Value& metadata,
                               const apimachinery::Value& spec);

}  // namespace apiserver::admission
