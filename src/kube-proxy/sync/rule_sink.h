// Where finished rules go. Implementations: libnftables (nft_sink.cc), and memory in tests.
#pragma once
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kube_proxy::sync {

class RuleSink {
 public:
  virtual ~RuleSink() = default;
  // Runs one script as one transaction: on an error the kernel's rules are as before. The message is the
  // kernel's, with the line it is about.
  virtual absl::Status Run(const std::string& script) = 0;
};

// Rules of the network namespace the process is in. Unavailable: nftables cannot be used here. Not thread-safe.
absl::StatusOr<std::unique_ptr<RuleSink>> OpenNftSink();

}  // namespace kube_proxy::sync
