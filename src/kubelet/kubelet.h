// The daemon put together: runtime, pods, node, server.
#pragma once
#include <memory>

#include "absl/status/statusor.h"
#include "kubelet/options.h"

namespace kubelet {

class Kubelet {
 public:
  // Starts everything; pods begin to run. REQUIRES: CompleteOptions.
  static absl::StatusOr<std::unique_ptr<Kubelet>> Start(const KubeletOptions& options);
  virtual ~Kubelet() = default;  // stops; containers go on running
};

// `kubelet image load ARCHIVE...`: puts images into the store below root_dir; a running kubelet notices.
absl::Status LoadImages(const KubeletOptions& options, const std::vector<std::string>& archives);

// `kubelet cleanup`: kills every container below root_dir, takes their network down, removes cgroups and directories.
absl::Status Cleanup(const KubeletOptions& options);

}  // namespace kubelet
