#include "base/http/worker_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace base::http {

struct WorkerPool::Impl {
  const int max_threads;
  const size_t max_queued;
  std::mutex mu;
  std::condition_variable wake;
  std::deque<std::function<void()>> queue;
  std::vector<std::thread> threads;
  int idle = 0;
  bool stopping = false;

  void Run() {
    std::unique_lock lock(mu);
    while (true) {
      ++idle;
      wake.wait(lock, [this] { return stopping || !queue.empty(); });
      --idle;
      if (queue.empty()) return;
      std::function<void()> task = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
    }
  }
};

WorkerPool::WorkerPool(int max_threads, size_t max_queued) : impl_(new Impl{max_threads, max_queued}) {}

WorkerPool::~WorkerPool() { Stop(); }

bool WorkerPool::Submit(std::function<void()> task) {
  const std::lock_guard lock(impl_->mu);
  if (impl_->stopping || impl_->queue.size() >= impl_->max_queued) return false;
  impl_->queue.push_back(std::move(task));
  if (static_cast<size_t>(impl_->idle) < impl_->queue.size() &&
      static_cast<int>(impl_->threads.size()) < impl_->max_threads) {
    impl_->threads.emplace_back([impl = impl_.get()] { impl->Run(); });
  } else {
    impl_->wake.notify_one();
  }
  return true;
}

void WorkerPool::Stop() {
  std::vector<std::thread> threads;
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(impl_->mu);
    impl_->stopping = true;
    dropped.swap(impl_->queue);
    threads.swap(impl_->threads);
  }
  impl_->wake.notify_all();
  for (std::thread& t : threads) t.join();
}

}  // namespace base::http
