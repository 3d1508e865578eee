// What /metrics/probes tells of the probes of the pods that are here, under upstream's names. Thread-safe.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace kubelet {

struct ProbedContainer {
  std::string ns, pod, pod_uid, container;
};
// `probe`: "Liveness", ...; `result`: "successful", "failed" or "unknown".
void CountProbe(const ProbedContainer& of, absl::string_view probe, absl::string_view result, absl::Duration took);
void ForgetProbes(const std::string& pod_uid);  // the pod has gone
std::string ProbesText();

}  // namespace kubelet
