// Attaching to a running container.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "kubectl/rest/factory.h"

namespace kubectl {

struct AttachOptions {
  std::string container;
  bool stdin = false, tty = false, quiet = false;
  bool after_run =
      false;  // the pod was just made: follow it to its end and answer with its exit code
  absl::Duration pod_running_timeout = absl::Minutes(1);
};

absl::Status AttachToPod(Factory& factory, const std::string& ns, const std::string& pod,
                         const AttachOptions& options);

}  // namespace kubectl
