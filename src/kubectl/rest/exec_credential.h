// Credential plugins: a program named in the kubeconfig prints an ExecCredential with a token or a
// certificate.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "apimachinery/value.h"

namespace kubectl {

struct Connection;

// Runs `exec` (the user entry's member of that name) and puts its answer into the connection. A
// relative command path with a slash is relative to `config_dir`.
absl::Status RunExecCredential(const apimachinery::Value& exec, const std::string& config_dir,
                               Connection* connection);

}  // namespace kubectl
