#include "base/http/rounds.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace base::http {
namespace {

constexpr absl::Duration kSlice = absl::Milliseconds(1);
constexpr absl::Duration kLongestRest = absl::Milliseconds(16);
constexpr int kRestFactor = 3;
constexpr int kPerLook = 4;  // tasks between two looks at the clock

}  // namespace

absl::Duration Rounds::Monotonic() { return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); }

void Rounds::Add(std::shared_ptr<RoundTask> task) {
  {
    const std::lock_guard lock(mu_);
    waiting_.push_back(std::move(task));
    if (std::exchange(scheduled_, true)) return;
  }
  post_([this] { Begin(); });
}

void Rounds::Begin() {
  const absl::Duration wait = next_ - now_();
  if (wait <= absl::ZeroDuration()) return Run();
  after_(wait, [this] { Run(); });
}

void Rounds::Run() {
  {
    const std::lock_guard lock(mu_);
    round_.swap(waiting_);
  }
  at_ = 0;
  took_ = absl::ZeroDuration();
  Slice();
}

void Rounds::Slice() {
  const absl::Duration began = now_();
  absl::Duration now = began;
  while (at_ < round_.size() && now - began < kSlice) {
    for (int i = 0; i < kPerLook && at_ < round_.size(); ++i) std::exchange(round_[at_++], nullptr)->RunRound();
    now = now_();
  }
  took_ += now - began;
  if (at_ < round_.size()) return post_([this] { Slice(); });
  round_.clear();
  next_ = now + std::min(took_ * kRestFactor, kLongestRest);
  const std::lock_guard lock(mu_);
  scheduled_ = !waiting_.empty();
  if (scheduled_) post_([this] { Begin(); });
}

}  // namespace base::http
