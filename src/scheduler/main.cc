// kube-scheduler: assigns pods to nodes.
#include <cstdio>

#include "base/log.h"
#include "base/shutdown.h"
#include "scheduler/daemon.h"

int main(int argc, char** argv) {
  scheduler::Options options;
  if (const int code = scheduler::ParseFlags(argc, argv, options); code >= 0) return code;
  base::InitLog("kube-scheduler", options.verbosity);
  base::BlockShutdownSignals();
  const absl::Status status = scheduler::RunScheduler(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "kube-scheduler: %s\n", std::string(status.message()).c_str());
  return 1;
}
