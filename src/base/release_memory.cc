#include "base/release_memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "base/file.h"

namespace base {

void ReleaseMemory() {
  malloc_trim(0);
  const auto smaps = ReadFile("/proc/self/smaps");
  if (!smaps.ok()) return;
  uint64_t begin = 0, end = 0;
  bool candidate = false;  // a file, not writable
  for (absl::string_view line : absl::StrSplit(*smaps, '\n')) {
    char permissions[5] = {}, path[2] = {};
    unsigned long first = 0, last = 0;
    const std::string text(line.substr(0, 512));
    if (std::sscanf(text.c_str(), "%lx-%lx %4s %*s %*s %*s %1s", &first, &last, permissions, path) >= 3) {
      begin = first;
      end = last;
      candidate = permissions[1] == '-' && path[0] == '/';
    } else if (candidate && absl::StartsWith(line, "Private_Dirty:")) {
      // Pages that were changed (relocations, now read-only) exist nowhere else: mappings with any stay as they are.
      const bool clean = absl::StrContains(line, " 0 kB");
      if (clean) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
      candidate = false;
    }
  }
}

}  // namespace base
