// What the metrics tell of comparing and judging objects that are written. Thread-safe.
#pragma once
#include "absl/time/time.h"
#include "apimachinery/field_error.h"

namespace apiserver::registry {

// A new object was held against the one that is stored: is there anything to write?
void CountComparison(bool equal, absl::Duration took);
// A custom object was judged together with what it replaces: what has not changed may be wrong.
void CountRatcheting(absl::Duration took);
// What validation said twice.
void CountRepeatedErrors(const apimachinery::FieldErrors& errors);

}  // namespace apiserver::registry
