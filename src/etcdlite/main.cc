// etcdlite: one member of a replicated key-value store with etcd's API.
#include <cstdio>

#include "base/log.h"
#include "base/shutdown.h"
#include "etcdlite/flags.h"
#include "etcdlite/server/server.h"

int main(int argc, char** argv) {
  base::BlockShutdownSignals();
  base::InitLog("etcdlite");
  const auto flags = etcdlite::ParseFlags(argc, argv);
  if (!flags.ok()) {
    if (!flags.status().message().empty()) std::fprintf(stderr, "%s\n", std::string(flags.status().message()).c_str());
    return 2;
  }
  if (!flags->has_value()) return 0;
  const auto server = etcdlite::server::Server::Start(**flags);
  if (!server.ok()) {
    base::LogError("cannot start: ", server.status().message());
    return 1;
  }
  base::WaitForShutdown();
  return 0;
}
