// One thread that runs functions in order of their due times.
#pragma once
#include <functional>
#include <map>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace client {

// Thread-safe. Stop() joins; what is not due by then is dropped.
class TimerThread {
 public:
  TimerThread();
  ~TimerThread() { Stop(); }
  void Post(std::function<void()> run) { PostAfter(absl::ZeroDuration(), std::move(run)); }
  void PostAfter(absl::Duration delay, std::function<void()> run);
  void Stop();  // not from the thread itself

 private:
  void Run();

  absl::Mutex mu_;
  std::multimap<absl::Time, std::function<void()>> due_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  absl::CondVar changed_;
  std::thread thread_;
};

}  // namespace client
