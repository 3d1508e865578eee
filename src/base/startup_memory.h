// Memory that only a daemon's start needed.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace base {

struct AddressRange {
  unsigned long begin, end;
};
// The mappings of files in a /proc/PID/smaps text that hold nothing but what the file holds: code and constants.
std::vector<AddressRange> CleanFileMappings(absl::string_view smaps);

// Gives back freed heap, and the code and constants that were touched so far: starting touches a daemon's libraries from
// end to end (relocations, registrations, tables), running needs a small part of that, which comes back page by page from
// the page cache. Costs some milliseconds. Any thread.
void ReleaseStartupMemory();

}  // namespace base
