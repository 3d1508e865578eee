// kube-controller-manager: the cluster's control loops.
#include <cstdio>

#include "base/log.h"
#include "base/shutdown.h"
#include "controller-manager/daemon.h"

int main(int argc, char** argv) {
  controller_manager::Options options;
  if (const int code = controller_manager::ParseFlags(argc, argv, options); code >= 0) return code;
  base::InitLog("kube-controller-manager", options.verbosity);
  base::BlockShutdownSignals();
  const absl::Status status = controller_manager::RunControllerManager(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "kube-controller-manager: %s\n", std::string(status.message()).c_str());
  return 1;
}
