// `apply --overwrite=false`: changes that would undo what others did since the last apply. Pure.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "apimachinery/value.h"

namespace kubectl {

// What conflicts, as kubectl tells it; empty when nothing does. `patch` is what apply would send to turn `current` into the
// file's object; kinds without schema never conflict.
absl::StatusOr<std::string> ApplyConflict(const apimachinery::Value& current, const apimachinery::Value& patch);

}  // namespace kubectl
