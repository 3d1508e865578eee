// The difference of two objects as upstream's refusals show it.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apiserver::validation {

// The text that go-cmp prints for two structs of the type `message` ("core.v1.PodSpec").
std::string GoDiff(absl::string_view message, const apimachinery::Value& before, const apimachinery::Value& after);

}  // namespace apiserver::validation
