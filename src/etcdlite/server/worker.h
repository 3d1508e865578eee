// A thread for work that may wait, in order.
#pragma once
#include <thread>

#include "absl/functional/any_invocable.h"
#include "etcdlite/node/work_queue.h"

namespace etcdlite::server {

class Worker {
 public:
  Worker() : thread_([this] {
    while (true) {
      std::vector<absl::AnyInvocable<void()>> tasks = queue_.TakeAll();
      if (tasks.empty()) return;
      for (auto& task : tasks) task();
    }
  }) {}
  ~Worker() { Stop(); }
  void Run(absl::AnyInvocable<void()> task) { queue_.Push(std::move(task)); }
  void Stop() {
    queue_.Close();
    if (thread_.joinable()) thread_.join();
  }

 private:
  node::WorkQueue<absl::AnyInvocable<void()>> queue_;
  std::thread thread_;  // last: starts when the queue is there
};

}  // namespace etcdlite::server
