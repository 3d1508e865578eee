// Runs a helper program to its end: skopeo, CNI plugins.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace kubelet {

struct SubprocessOptions {
  std::vector<std::string> args;  // args[0] is looked up in PATH unless it has a slash
  std::vector<std::string> env;   // added to our own environment
  std::string input;              // its standard input
  absl::Duration timeout = absl::Minutes(1);
};

struct SubprocessResult {
  int exit_code = 0;  // 128 + signal when killed
  std::string out, err;
};

// Blocking, thread-safe. NotFound: no such program. DeadlineExceeded: killed after the timeout.
absl::StatusOr<SubprocessResult> RunSubprocess(const SubprocessOptions& options);

}  // namespace kubelet
