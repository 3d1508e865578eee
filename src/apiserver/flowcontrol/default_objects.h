// The flow schemas and priority levels that every cluster starts with. Pure; any thread.
#pragma once
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apiserver::flowcontrol {

// Whole objects, priority levels first. Typed trees.
const apimachinery::Array& DefaultObjects();

// The spec that an object of this kind and name must have; nullptr when it may have any. (exempt and catch-all)
const apimachinery::Value* MandatorySpec(absl::string_view kind, absl::string_view name);

// The condition that tells whether a flow schema's priority level exists, without its times.
apimachinery::Value Dangling(absl::string_view priority_level, bool exists);

}  // namespace apiserver::flowcontrol
