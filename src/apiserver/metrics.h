// /metrics of the API server. Thread-safe.
#pragma once
#include <string>

#include "apiserver/cache/cache.h"

namespace apiserver {

// Prometheus text: process memory and time, watch cache, encode-once counters.
std::string MetricsText(const cache::Cache& cache);

}  // namespace apiserver
