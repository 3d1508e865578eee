#include "client/timer_thread.h"

#include <utility>

#include "absl/time/clock.h"

namespace client {

TimerThread::TimerThread() : thread_([this] { Run(); }) {}

void TimerThread::PostAfter(absl::Duration delay, std::function<void()> run) {
  absl::MutexLock lock(&mu_);
  if (stopping_) return;
  due_.emplace(absl::Now() + delay, std::move(run));
  changed_.Signal();
}

void TimerThread::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void TimerThread::Run() {
  mu_.Lock();
  while (!stopping_) {
    if (due_.empty()) {
      changed_.Wait(&mu_);
    } else if (due_.begin()->first > absl::Now()) {
      changed_.WaitWithDeadline(&mu_, due_.begin()->first);
    } else {
      const std::function<void()> run = std::move(due_.begin()->second);
      due_.erase(due_.begin());
      mu_.Unlock();
      run();
      mu_.Lock();
    }
  }
  mu_.Unlock();
}

}  // namespace client
