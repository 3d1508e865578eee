#include "apiserver/cache/freshness.h"

#include <utility>

#include "absl/time/clock.h"

namespace apiserver::cache {
namespace {

constexpr size_t kMostWaiters = 16384;
constexpr absl::Duration kPatience = absl::Seconds(3);

void Tell(const std::vector<Freshness::Done>& waiters, const absl::Status& status) {
  for (const Freshness::Done& done : waiters) done(status);
}

}  // namespace

Freshness::Freshness(Ports ports) : ports_(std::move(ports)), thread_([this] { Run(); }) {}

Freshness::~Freshness() { Stop(); }

bool Freshness::When(Done done) {
  uint64_t question;
  {
    const std::lock_guard lock(mu_);
    if (over_ || next_.size() >= kMostWaiters) return false;
    next_.push_back(std::move(done));
    if (open_) return true;
    question = OpenQuestionLocked();
  }
  Ask(question);
  return true;
}

uint64_t Freshness::OpenQuestionLocked() {
  open_ = true;
  asked_at_ = absl::Now();
  current_.swap(next_);
  return ++question_;
}

void Freshness::Ask(uint64_t question) {
  ports_.ask([weak = weak_from_this(), question](absl::StatusOr<int64_t> revision) {
    if (const auto self = weak.lock()) self->Answered(question, revision);
  });
}

void Freshness::Answered(uint64_t question, const absl::StatusOr<int64_t>& revision) {
  std::vector<Done> fresh;
  uint64_t another = 0;
  {
    const std::lock_guard lock(mu_);
    if (over_ || !open_ || question != question_) return;  // given up
    open_ = false;
    if (revision.ok() && ports_.shown() >= *revision) {
      fresh.swap(current_);
    } else {
      behind_.push_back({revision.ok() ? *revision : -1, std::exchange(current_, {})});
      wake_.notify_one();
    }
    if (!next_.empty()) another = OpenQuestionLocked();
  }
  if (another != 0) Ask(another);
  Tell(fresh, absl::OkStatus());
}

void Freshness::Tick(absl::Time now) {
  std::vector<Done> left;
  uint64_t another = 0;
  {
    const std::lock_guard lock(mu_);
    if (over_ || !open_ || now - asked_at_ < kPatience) return;
    open_ = false;
    left.swap(current_);
    if (!next_.empty()) another = OpenQuestionLocked();
  }
  if (another != 0) Ask(another);
  Tell(left, absl::DeadlineExceededError("the store does not answer"));
}

void Freshness::Run() {
  std::unique_lock lock(mu_);
  while (true) {
    wake_.wait(lock, [this] { return over_ || !behind_.empty(); });
    if (over_) return;
    const std::vector<Behind> behind = std::exchange(behind_, {});
    lock.unlock();
    for (const Behind& b : behind) Tell(b.waiters, ports_.wait(b.revision));
    lock.lock();
  }
}

void Freshness::Stop() {
  std::vector<Done> left;
  {
    const std::lock_guard lock(mu_);
    over_ = true;
    for (std::vector<Done>* waiting : {&current_, &next_}) {
      for (Done& done : *waiting) left.push_back(std::move(done));
      waiting->clear();
    }
    for (Behind& b : behind_) {
      for (Done& done : b.waiters) left.push_back(std::move(done));
    }
    behind_.clear();
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  Tell(left, absl::UnavailableError("shutting down"));
}

}  // namespace apiserver::cache
