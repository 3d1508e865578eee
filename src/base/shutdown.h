// SIGINT and SIGTERM as something a main function can wait for.
#pragma once
#include <thread>

namespace base {

// Blocks SIGINT, SIGTERM (and ignores SIGPIPE) in the calling thread and every thread it starts later.
// Call first thing in main.
void BlockShutdownSignals();

// Returns when SIGINT or SIGTERM arrives, or RequestShutdown() is called. After some seconds gives back what memory the
// start needed (startup_memory.h). REQUIRES: BlockShutdownSignals().
void WaitForShutdown();

// For a start that may wait long for others: while it lives, SIGINT and SIGTERM end the process, at once and with status 1,
// after one line in the log. Its end leaves signals to WaitForShutdown. REQUIRES: BlockShutdownSignals().
class ExitWhileStarting {
 public:
  ExitWhileStarting();
  ~ExitWhileStarting();

 private:
  const int started_;  // an eventfd
  std::thread watcher_;
};

// Wakes WaitForShutdown(); async-signal-safe, any thread.
void RequestShutdown();

}  // namespace base
