// How much memory the clients of a server may make it hold: requests not answered yet, answers not read yet.
#pragma once
#include <atomic>
#include <cstdint>

namespace base::http {

// Of all connections together. Thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t limit) : limit_(limit) {}
  bool exceeded() const { return used_.load(std::memory_order_relaxed) > limit_; }
  int64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  friend class MemoryShare;
  const int64_t limit_;
  std::atomic<int64_t> used_{0};
};

// What one connection holds of it. Not thread-safe. The budget outlives it.
class MemoryShare {
 public:
  // A share of this size is never refused, so that clients with ordinary requests are served while others fill the budget.
  static constexpr int64_t kAlways = 64 << 10;

  explicit MemoryShare(MemoryBudget& budget) : budget_(budget) {}
  ~MemoryShare() { Resize(0); }
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;

  // Notes what is held now. Answers whether it may be: if not, the caller gives up something, and notes that.
  bool Resize(int64_t bytes) {
    budget_.used_.fetch_add(bytes - size_, std::memory_order_relaxed);
    const bool grows = bytes > size_;
    size_ = bytes;
    return !grows || bytes <= kAlways || !budget_.exceeded();
  }
  bool Add(int64_t bytes) { return Resize(size_ + bytes); }
  int64_t size() const { return size_; }

 private:
  MemoryBudget& budget_;
  int64_t size_ = 0;
};

}  // namespace base::http
