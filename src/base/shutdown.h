// SIGINT and SIGTERM as something a main function can wait for.
#pragma once

namespace base {

// Blocks SIGINT, SIGTERM (and ignores SIGPIPE) in the calling thread and every thread it starts later.
// Call first thing in main.
void BlockShutdownSignals();

// Returns when SIGINT or SIGTERM arrives, or RequestShutdown() is called. After some seconds gives back what memory the
// start needed (startup_memory.h). REQUIRES: BlockShutdownSignals().
void WaitForShutdown();

// Wakes WaitForShutdown(); async-signal-safe, any thread.
void RequestShutdown();

}  // namespace base
