// The difference of two objects as upstream's refusals show it.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apiserver::validation {

// A unified diff, with three lines of context, of the pretty GoJson of two objects of one internal type.
std::string GoDiff(absl::string_view type, const apimachinery::Value& before, const apimachinery::Value& after);

}  // namespace apiserver::validation
