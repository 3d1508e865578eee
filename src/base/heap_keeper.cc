#include "base/heap_keeper.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace base {
namespace {

constexpr int64_t kSlack = 64 << 20;  // code, stacks, fragments

int64_t ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  long size = 0, resident = 0;
  const int read = std::fscanf(file, "%ld %ld", &size, &resident);
  std::fclose(file);
  return read == 2 ? static_cast<int64_t>(resident) * sysconf(_SC_PAGESIZE) : 0;
}

constexpr int kLongestRest = 16;  // looks that are left out, when trimming gave little

// Answers whether it was worth looking.
bool TrimWhenWorth() {
  const int64_t resident = ResidentBytes();
  if (!WorthTrimming(resident, 0)) return true;  // small whatever the heap says, which costs more to ask
  const struct mallinfo2 heap = mallinfo2();
  const int64_t in_use = static_cast<int64_t>(heap.uordblks + heap.hblkhd);
  if (!WorthTrimming(resident, in_use)) return true;
  malloc_trim(0);
  return ResidentBytes() < resident - (resident - in_use) / 4;
}

}  // namespace

bool WorthTrimming(int64_t resident, int64_t in_use) { return resident - in_use > std::max(kSlack, in_use / 2); }

HeapKeeper::HeapKeeper(absl::Duration every) {
  thread_ = std::thread([this, every] {
    std::unique_lock lock(mu_);
    int rest = 1;
    while (!wake_.wait_for(lock, absl::ToChronoNanoseconds(rest * every), [this] { return stopping_; })) {
      lock.unlock();
      rest = TrimWhenWorth() ? 1 : std::min(2 * rest, kLongestRest);
      lock.lock();
    }
  });
}

HeapKeeper::~HeapKeeper() {
  {
    const std::lock_guard lock(mu_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

}  // namespace base
