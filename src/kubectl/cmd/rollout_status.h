// How far a rollout is, told from the object alone. Pure.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "apimachinery/value.h"

namespace kubectl {

struct RolloutState {
  std::string message;  // a line for people
  bool done = false;
};

// Deployment, DaemonSet, StatefulSet; other kinds answer `no status viewer has been implemented for
// KIND`. A revision above 0 must be the deployment's.
absl::StatusOr<RolloutState> RolloutStatus(const std::string& kind,
                                           const apimachinery::Value& object, int64_t revision);

}  // namespace kubectl
