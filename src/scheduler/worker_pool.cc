#include "scheduler/worker_pool.h"

#include <utility>

namespace scheduler {

void WorkerPool::Post(std::function<void()> task) {
  absl::MutexLock lock(&mu_);
  if (stopping_) return;
  tasks_.push_back(std::move(task));
  if (idle_ >= static_cast<int>(tasks_.size())) {
    changed_.Signal();
  } else if (static_cast<int>(threads_.size()) < max_threads_) {
    threads_.emplace_back([this] { Work(); });
  }
}

void WorkerPool::Work() {
  mu_.Lock();
  while (true) {
    ++idle_;
    while (tasks_.empty() && !stopping_) changed_.Wait(&mu_);
    --idle_;
    if (tasks_.empty()) break;
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    mu_.Unlock();
    task();
    mu_.Lock();
  }
  mu_.Unlock();
}

void WorkerPool::Stop() {
  std::vector<std::thread> threads;
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    threads.swap(threads_);
    changed_.SignalAll();
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace scheduler
