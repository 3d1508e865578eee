// Gives back memory that a burst of requests needed and the allocator would keep.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "absl/time/time.h"

namespace base {

// Bytes of resident memory that the heap does not use, though it was once used (malloc's arenas shrink at their ends only).
// `resident` and `in_use` as the system and the allocator tell; the rest is code, stacks and what the allocator needs.
bool WorthTrimming(int64_t resident, int64_t in_use);

// A thread that looks now and then, and trims the heap when much of it is free. Ends with the object.
class HeapKeeper {
 public:
  explicit HeapKeeper(absl::Duration every = absl::Seconds(15));
  ~HeapKeeper();

 private:
  std::mutex mu_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace base
