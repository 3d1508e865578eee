// A queue handed over in whole batches: the consumer wakes once for everything that piled up.
#pragma once
#include <condition_variable>
#include <mutex>
#include <vector>

namespace etcdlite::node {

template <typename Item>
class WorkQueue {
 public:
  void Push(Item item) {
    bool wake;
    {
      std::lock_guard<std::mutex> lock(mu_);
      if (closed_) return;
      items_.push_back(std::move(item));
      wake = waiting_;
      waiting_ = false;
    }
    if (wake) cv_.notify_one();
  }

  // Everything queued; waits while there is nothing. Empty: closed, or the deadline passed.
  std::vector<Item> TakeAll(std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max()) {
    std::unique_lock<std::mutex> lock(mu_);
    while (items_.empty() && !closed_) {
      waiting_ = true;
      if (deadline == std::chrono::steady_clock::time_point::max()) {
        cv_.wait(lock);
      } else if (cv_.wait_until(lock, deadline) == std::cv_status::timeout) {
        break;
      }
    }
    waiting_ = false;
    return std::exchange(items_, {});
  }

  void Close() {
    {
      std::lock_guard<std::mutex> lock(mu_);
      closed_ = true;
    }
    cv_.notify_all();
  }
  bool closed() const {
    std::lock_guard<std::mutex> lock(mu_);
    return closed_;
  }

 private:
  mutable std::mutex mu_;
  std::condition_variable cv_;
  std::vector<Item> items_;
  bool waiting_ = false;
  bool closed_ = false;
};

}  // namespace etcdlite::node
