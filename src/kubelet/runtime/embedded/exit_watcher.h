// One thread that learns of process ends (pidfd) and fires timers. No polling: it sleeps until something happens.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace kubelet {

class ExitWatcher {
 public:
  ExitWatcher();
  ~ExitWatcher();  // joins

  // Calls `ended` once, on the watcher's thread, when the process is gone (at once when it already is). `start_time` of
  // record.h guards against a pid used again; 0: not checked.
  void Watch(int pid, uint64_t start_time, std::function<void()> ended);
  // Calls `run` on the watcher's thread after `delay`.
  void After(absl::Duration delay, std::function<void()> run);

 private:
  void Loop();
  void Wake();

  int epoll_ = -1, wake_ = -1;
  absl::Mutex mu_;
  std::map<int, std::function<void()>> watched_ ABSL_GUARDED_BY(mu_);  // by pidfd
  std::multimap<absl::Time, std::function<void()>> timers_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace kubelet
