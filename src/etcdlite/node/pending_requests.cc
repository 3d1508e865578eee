#include "etcdlite/node/pending_requests.h"

#include "base/clock.h"

namespace etcdlite::node {

PendingRequests::PendingRequests(uint64_t member_id, absl::Time started)
    : next_id_(static_cast<uint64_t>(absl::ToUnixMillis(started)) << 8), prefix_(member_id << 48) {}

uint64_t PendingRequests::NextId() {
  std::lock_guard<std::mutex> lock(mu_);
  return prefix_ | (++next_id_ & ((uint64_t{1} << 48) - 1));
}

uint64_t PendingRequests::Add(Done done, absl::Duration timeout) {
  const absl::Duration now = base::SystemClock().Monotonic();
  std::lock_guard<std::mutex> lock(mu_);
  const uint64_t id = prefix_ | (++next_id_ & ((uint64_t{1} << 48) - 1));
  waiting_[id] = {std::move(done), now, now + timeout};
  return id;
}

bool PendingRequests::Has(uint64_t id) const {
  std::lock_guard<std::mutex> lock(mu_);
  return waiting_.contains(id);
}

size_t PendingRequests::size() const {
  std::lock_guard<std::mutex> lock(mu_);
  return waiting_.size();
}

void PendingRequests::Finish(uint64_t id, absl::StatusOr<std::string> response) {
  Done done;
  {
    std::lock_guard<std::mutex> lock(mu_);
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    done = std::move(found->second.done);
    waiting_.erase(found);
  }
  done(std::move(response));
}

template <typename Condition>
void PendingRequests::FailIf(Condition condition, const absl::Status& status) {
  std::vector<Done> failed;
  {
    std::lock_guard<std::mutex> lock(mu_);
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      if (condition(it->second)) {
        failed.push_back(std::move(it->second.done));
        waiting_.erase(it++);
      } else {
        ++it;
      }
    }
  }
  for (Done& done : failed) done(status);
}

void PendingRequests::FailExpired(const absl::Status& status) {
  const absl::Duration now = base::SystemClock().Monotonic();
  FailIf([now](const Waiting& waiting) { return waiting.deadline <= now; }, status);
}

void PendingRequests::FailAddedBefore(absl::Duration when, const absl::Status& status) {
  FailIf([when](const Waiting& waiting) { return waiting.added < when; }, status);
}

void PendingRequests::FailAll(const absl::Status& status) {
  FailIf([](const Waiting&) { return true; }, status);
}

}  // namespace etcdlite::node
