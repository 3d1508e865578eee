// /metrics of the API server. Thread-safe.
#pragma once
#include <string>

#include "apiserver/registry/registry.h"

namespace apiserver {

// Everything that was counted since the process began, and what is true now: the process itself, the watch cache,
// objects by resource, service addresses. Prometheus text, families sorted by name.
std::string MetricsText(registry::Registry& registry);
// What only this server has to tell, under names of its own.
std::string OwnMetricsText(registry::Registry& registry);

}  // namespace apiserver
