#include "base/shutdown.h"

#include <signal.h>
#include <unistd.h>

#include "base/startup_memory.h"

namespace base {
namespace {

constexpr time_t kStartSeconds = 3;  // what a daemon does later is its usual work

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
  const timespec start_is_over = {kStartSeconds, 0};
  if (sigtimedwait(&set, nullptr, &start_is_over) > 0) return;
  ReleaseStartupMemory();
  int got = 0;
  while (sigwait(&set, &got) != 0) {
  }
}

void RequestShutdown() { kill(getpid(), SIGTERM); }

}  // namespace base
