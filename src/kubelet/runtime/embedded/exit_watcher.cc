#include "kubelet/runtime/embedded/exit_watcher.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

#include "absl/time/clock.h"
#include "kubelet/runtime/shim/record.h"

namespace kubelet {

ExitWatcher::ExitWatcher() : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = wake_;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
  thread_ = std::thread([this] { Loop(); });
}

ExitWatcher::~ExitWatcher() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
  for (auto& [fd, ended] : watched_) close(fd);
  close(epoll_);
  close(wake_);
}

void ExitWatcher::Wake() {
  const uint64_t one = 1;
  (void)!write(wake_, &one, sizeof one);
}

void ExitWatcher::Watch(int pid, uint64_t start_time, std::function<void()> ended) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd >= 0 && (start_time == 0 || ProcessStartTime(pid) == start_time)) {
    {
      absl::MutexLock lock(&mu_);
      watched_[fd] = std::move(ended);
    }
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    return;
  }
  if (fd >= 0) close(fd);
  After(absl::ZeroDuration(), std::move(ended));
}

void ExitWatcher::After(absl::Duration delay, std::function<void()> run) {
  {
    absl::MutexLock lock(&mu_);
    timers_.emplace(absl::Now() + delay, std::move(run));
  }
  Wake();
}

void ExitWatcher::Loop() {
  for (;;) {
    int timeout = -1;
    std::vector<std::function<void()>> due;
    {
      absl::MutexLock lock(&mu_);
      if (stopping_) return;
      const absl::Time now = absl::Now();
      while (!timers_.empty() && timers_.begin()->first <= now) {
        due.push_back(std::move(timers_.begin()->second));
        timers_.erase(timers_.begin());
      }
      if (!timers_.empty()) {
        timeout = static_cast<int>(absl::ToInt64Milliseconds(timers_.begin()->first - now)) + 1;
      }
    }
    for (const std::function<void()>& run : due) run();
    if (!due.empty()) continue;
    epoll_event events[16];
    const int n = epoll_wait(epoll_, events, 16, timeout);
    for (int i = 0; i < n; ++i) {
      const int fd = events[i].data.fd;
      if (fd == wake_) {
        uint64_t count;
        (void)!read(wake_, &count, sizeof count);
        continue;
      }
      std::function<void()> ended;
      {
        absl::MutexLock lock(&mu_);
        auto found = watched_.find(fd);
        if (found == watched_.end()) continue;
        ended = std::move(found->second);
        watched_.erase(found);
      }
      epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
      close(fd);
      ended();
    }
  }
}

}  // namespace kubelet
