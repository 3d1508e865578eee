#include "client/work_queue.h"

#include <algorithm>
#include <utility>

#include "base/metrics/queue_series.h"

namespace client {

WorkQueue::WorkQueue(WorkQueueOptions options)
    : options_(std::move(options)), series_(options_.name.empty() ? nullptr : &base::QueueSeries::Of(options_.name)) {}

void WorkQueue::AddLocked(absl::string_view key) {
  if (shut_down_ || !dirty_.emplace(key).second) return;
  if (series_ != nullptr) series_->Added(key, options_.clock->Monotonic());
  if (processing_.contains(key)) return;  // Done() puts it back
  ready_.emplace_back(key);
  changed_.Signal();
}

void WorkQueue::AddAtLocked(absl::string_view key, absl::Duration at) {
  if (shut_down_) return;
  const auto [entry, fresh] = delayed_at_.try_emplace(std::string(key), at);
  if (!fresh) {
    if (entry->second <= at) return;
    for (auto [it, end] = delayed_.equal_range(entry->second); it != end; ++it) {
      if (it->second != key) continue;
      delayed_.erase(it);
      break;
    }
    entry->second = at;
  }
  delayed_.emplace(at, key);
  changed_.Signal();
}

void WorkQueue::Add(absl::string_view key) {
  absl::MutexLock lock(&mu_);
  AddLocked(key);
}

void WorkQueue::AddAfter(absl::string_view key, absl::Duration delay) {
  absl::MutexLock lock(&mu_);
  if (delay <= absl::ZeroDuration()) {
    AddLocked(key);
  } else {
    AddAtLocked(key, options_.clock->Monotonic() + delay);
  }
}

void WorkQueue::AddRateLimited(absl::string_view key) {
  absl::MutexLock lock(&mu_);
  const int failures = failures_[key]++;
  absl::Duration delay = options_.max_backoff;
  if (failures < 40) delay = std::min(delay, options_.first_backoff * (int64_t{1} << failures));
  AddAtLocked(key, options_.clock->Monotonic() + delay);
  if (series_ != nullptr) series_->Retried();
}

void WorkQueue::Forget(absl::string_view key) {
  absl::MutexLock lock(&mu_);
  failures_.erase(key);
}

int WorkQueue::Failures(absl::string_view key) const {
  absl::MutexLock lock(&mu_);
  const auto found = failures_.find(key);
  return found == failures_.end() ? 0 : found->second;
}

void WorkQueue::ReleaseDueLocked() {
  const absl::Duration now = options_.clock->Monotonic();
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const std::string key = std::move(delayed_.begin()->second);
    delayed_.erase(delayed_.begin());
    delayed_at_.erase(key);
    AddLocked(key);
  }
}

std::string WorkQueue::TakeLocked() {
  std::string key = std::move(ready_.front());
  ready_.pop_front();
  dirty_.erase(key);
  processing_.insert(key);
  if (series_ != nullptr) series_->Taken(key, options_.clock->Monotonic());
  return key;
}

std::optional<std::string> WorkQueue::Get() {
  absl::MutexLock lock(&mu_);
  while (true) {
    ReleaseDueLocked();
    if (shut_down_) return std::nullopt;
    if (!ready_.empty()) return TakeLocked();
    if (delayed_.empty()) {
      changed_.Wait(&mu_);
    } else {
      changed_.WaitWithTimeout(&mu_, delayed_.begin()->first - options_.clock->Monotonic());
    }
  }
}

std::optional<std::string> WorkQueue::TryGet() {
  absl::MutexLock lock(&mu_);
  ReleaseDueLocked();
  if (shut_down_ || ready_.empty()) return std::nullopt;
  return TakeLocked();
}

void WorkQueue::Done(absl::string_view key) {
  absl::MutexLock lock(&mu_);
  processing_.erase(key);
  if (series_ != nullptr) series_->Done(key, options_.clock->Monotonic());
  if (!dirty_.contains(key)) return;
  ready_.emplace_back(key);
  changed_.Signal();
}

void WorkQueue::ShutDown() {
  absl::MutexLock lock(&mu_);
  shut_down_ = true;
  changed_.SignalAll();
}

size_t WorkQueue::size() const {
  absl::MutexLock lock(&mu_);
  return ready_.size();
}

}  // namespace client
