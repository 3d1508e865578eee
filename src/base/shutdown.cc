#include "base/shutdown.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
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

ExitWhileStarting::ExitWhileStarting()
    : started_(eventfd(0, EFD_CLOEXEC)), watcher_([started = started_] {
        const sigset_t set = ShutdownSet();
        const int signals = signalfd(-1, &set, SFD_CLOEXEC);  // only looked at: what is pending stays so
        pollfd watched[] = {{started, POLLIN, 0}, {signals, POLLIN, 0}};
        while (poll(watched, 2, -1) < 0) {
        }
        close(signals);
        if (watched[0].revents != 0) return;
        LogInfo("told to stop while it started");
        _exit(1);
      }) {}

ExitWhileStarting::~ExitWhileStarting() {
  eventfd_write(started_, 1);
  watcher_.join();
  close(started_);
}

void RequestShutdown() { kill(getpid(), SIGTERM); }

}  // namespace base
