#include "base/startup_memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"

namespace base {

std::vector<AddressRange> CleanFileMappings(absl::string_view smaps) {
  std::vector<AddressRange> clean;
  bool open = false;  // the last of `clean` is the mapping whose lines we read
  for (const absl::string_view line : absl::StrSplit(smaps, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    const std::pair<absl::string_view, absl::string_view> ends = absl::StrSplit(words[0], absl::MaxSplits('-', 1));
    uint64_t begin = 0, end = 0;
    if (words.size() >= 5 && absl::SimpleHexAtoi(absl::StrCat("0x", ends.first), &begin) &&
        absl::SimpleHexAtoi(absl::StrCat("0x", ends.second), &end)) {
      // BEGIN-END PERMISSIONS OFFSET DEVICE INODE [PATH]
      open = words.size() >= 6 && words[4] != "0" && (words[1] == "r-xp" || words[1] == "r--p");
      if (open) clean.push_back({begin, end});
      continue;
    }
    int64_t kilobytes = 0;
    if (open && words.size() >= 2 && (words[0] == "Anonymous:" || words[0] == "Private_Dirty:" || words[0] == "Locked:") &&
        (!absl::SimpleAtoi(words[1], &kilobytes) || kilobytes != 0)) {
      clean.pop_back();  // relocated, or somebody wants it in memory
      open = false;
    }
  }
  return clean;
}

void ReleaseStartupMemory() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(SKIFF_TSAN)
  malloc_trim(0);
  const absl::StatusOr<std::string> smaps = ReadFile("/proc/self/smaps");
  if (!smaps.ok()) return;
  for (const AddressRange& range : CleanFileMappings(*smaps)) {
    madvise(reinterpret_cast<void*>(range.begin), range.end - range.begin, MADV_DONTNEED);
  }
#endif
}

}  // namespace base
