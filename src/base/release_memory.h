// Gives back what starting up needed and idling does not.
#pragma once

namespace base {

// Returns free heap pages, and drops clean pages of program and library files from this process: they are read again
// (from the page cache) when they are needed. Call once a daemon has settled. Thread-safe.
void ReleaseMemory();

}  // namespace base
