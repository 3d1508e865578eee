#include "kubelet/runtime/disk_usage.h"

#include <fts.h>

#include <memory>

namespace kubelet {

int64_t DiskUsage(const std::string& path) {
  char* roots[] = {const_cast<char*>(path.c_str()), nullptr};
  std::unique_ptr<FTS, int (*)(FTS*)> walk(fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, nullptr), fts_close);
  if (walk == nullptr) return 0;
  int64_t bytes = 0;
  while (const FTSENT* entry = fts_read(walk.get())) {
    if (entry->fts_info == FTS_DP || entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR) continue;
    bytes += static_cast<int64_t>(entry->fts_statp->st_blocks) * 512;
  }
  return bytes;
}

}  // namespace kubelet
