// The checks below /healthz, /livez and /readyz, under upstream's names: monitoring asks for them one by one.
#pragma once
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace apiserver::discovery {

struct HealthCheck {
  absl::string_view name;
  bool ready_only;  // not below /healthz and /livez
};
absl::Span<const HealthCheck> HealthChecks();  // in the order in which they are told

}  // namespace apiserver::discovery
