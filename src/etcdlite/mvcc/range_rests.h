// What is left behind the pages of long reads. Every page answers how many keys its range has; without this each page
// would count all keys up to the end again, and a read of n keys in pages would visit n * pages of them.
#pragma once
#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace etcdlite::mvcc {

// Thread-safe. What is kept never becomes wrong: the keys alive at a finished revision do not change, and compacted
// revisions are refused before anyone asks here. A replaced store is another history: Clear.
class RangeRests {
 public:
  // How many keys alive at revision `at` lie in [first, end), when a page has ended just before `first`.
  std::optional<int64_t> Find(absl::string_view first, absl::string_view end, int64_t at) const;
  void Keep(absl::string_view first, absl::string_view end, int64_t at, int64_t count);
  void Clear();

 private:
  struct Rest {
    std::string first, end;
    int64_t at = 0;  // 0: none
    int64_t count = 0;
  };
  mutable std::mutex mu_;
  std::array<Rest, 8> rests_;  // as many long reads go on at a time without counting twice
  size_t oldest_ = 0;
};

}  // namespace etcdlite::mvcc
