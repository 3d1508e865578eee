// Exec and attach through a runtime's streaming server.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "kubelet/runtime/container_runtime.h"

namespace base::http {
class Client;
}

namespace kubelet {

// `url`: what Exec or Attach answered: "http://127.0.0.1:41234/exec/TOKEN". `client` must outlive the session.
// Resolves once the runtime has accepted the connection; Unavailable when it did not.
absl::StatusOr<std::unique_ptr<StreamSession>> OpenStreamSession(base::http::Client& client, const std::string& url, bool stdin, bool tty);

}  // namespace kubelet
