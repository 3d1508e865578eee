// What the metrics tell of reads: where lists come from, and how long reads wait for the watch cache. Thread-safe.
#pragma once
#include <cstddef>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace apiserver::registry {

// A list answered from the watch cache, with so many objects; and so many objects looked at for one.
void CountCacheList(absl::string_view group, absl::string_view resource, size_t returned);
void CountCacheFetched(absl::string_view group, absl::string_view resource, size_t looked_at);
// A list answered from the store: objects read, and those of them that matched.
void CountStoreList(absl::string_view group, absl::string_view resource, size_t read, size_t returned);
// A read that waited for the cache to hold all that was committed.
void CountFreshRead(absl::string_view group, absl::string_view resource, absl::Duration waited, bool fresh);

}  // namespace apiserver::registry
