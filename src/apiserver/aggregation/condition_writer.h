// Tells an APIService whether it is available.
#pragma once
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "apiserver/aggregation/availability.h"
#include "apiserver/registry/registry.h"

namespace apiserver::aggregation {

// Writes what `judge` says of `service` where it says something else. OK too when the object has gone.
absl::Status WriteAvailability(registry::Registry& registry, const apimachinery::Value& service,
                               absl::FunctionRef<Availability(const apimachinery::Value&)> judge);

}  // namespace apiserver::aggregation
