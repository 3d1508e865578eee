#include "base/shutdown.h"

#include <signal.h>
#include <unistd.h>

namespace base {
namespace {

sigset_t ShutdownSet() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

void BlockShutdownSignals() {
  signal(SIGPIPE, SIG_IGN);
  const sigset_t set = ShutdownSet();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void WaitForShutdown() {
  const sigset_t set = ShutdownSet();
  int got = 0;
  while (sigwait(&set, &got) != 0) {
  }
}

void RequestShutdown() { kill(getpid(), SIGTERM); }

}  // namespace base
