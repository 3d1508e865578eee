// kube-controller-manager as a whole: connects, becomes leader, runs the chosen controllers until told to stop.
#pragma once
#include "absl/status/status.h"
#include "controller-manager/options.h"

namespace controller_manager {

// Returns on SIGTERM or SIGINT (OK), when leadership is lost, or when a flag or file is wrong.
absl::Status RunControllerManager(const Options& options);

}  // namespace controller_manager
