// The quality of service that a pod's resources earn it. Pure.
#pragma once
#include <string>

#include "apimachinery/value.h"

namespace apiserver::validation {

// Upstream's rule (component-helpers qos): guaranteed when every container limits cpu and memory to what it requests.
std::string QosClass(const apimachinery::Value& pod);

}  // namespace apiserver::validation
