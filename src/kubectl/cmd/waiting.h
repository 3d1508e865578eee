// Waiting for the server: until an object is gone, until it fits.
#pragma once
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "kubectl/rest/resources.h"

namespace kubectl {

// Watches one object and shows its states to `done` (null when it does not exist) until that
// answers true. Lists first, and again when a watch ends. DeadlineExceeded "timed out waiting for
// the condition on TYPE/NAME".
absl::Status WaitForObject(RestClient& client, const Info& info, absl::Duration timeout,
                           const std::function<absl::StatusOr<bool>(const Value* object)>& done);

// Until the object with this uid (any, when empty) is gone.
absl::Status WaitForDeletion(RestClient& client, const Info& info, const std::string& uid,
                             absl::Duration timeout);

}  // namespace kubectl
