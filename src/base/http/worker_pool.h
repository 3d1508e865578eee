// Threads for handlers that block: a bounded number of them, started as needed, with a bounded queue.
#pragma once
#include <functional>
#include <memory>

namespace base::http {

class WorkerPool {
 public:
  WorkerPool(int max_threads, size_t max_queued);
  ~WorkerPool();  // as Stop

  bool Submit(std::function<void()> task);  // false: the queue is full or the pool stops
  void Stop();                              // drops what is queued, joins. Idempotent.

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace base::http
