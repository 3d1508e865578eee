// kube-apiserver: see README.md of this folder.
#include "apiserver/api_server.h"
#include "base/log.h"
#include "base/shutdown.h"

int main(int argc, char** argv) {
  base::BlockShutdownSignals();
  apiserver::Flags flags;
  int exit_code = 0;
  if (!apiserver::ParseFlags(argc, argv, &flags, &exit_code)) return exit_code;
  base::InitLog("kube-apiserver", flags.verbosity);
  absl::StatusOr<std::unique_ptr<apiserver::ApiServer>> server;
  {
    const base::ExitWhileStarting interruptible;
    server = apiserver::ApiServer::Start(flags);
  }
  if (!server.ok()) {
    base::LogError("start failed error=", server.status().message());
    return 1;
  }
  base::WaitForShutdown();
  (*server)->Stop();
  return 0;
}
