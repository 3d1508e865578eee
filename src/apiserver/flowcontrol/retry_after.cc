#include "apiserver/flowcontrol/retry_after.h"

#include <algorithm>

namespace apiserver::flowcontrol {
namespace {

constexpr int64_t kMost = 32;

}  // namespace

void RetryAfter::Refused(int64_t now) {
  if (current_.time == now) {
    ++current_.refused;
    return;
  }
  history_.push_back(current_);
  const int64_t remembered = std::min(2 * seconds_, kMost);
  while (current_.time - history_.front().time > remembered) history_.pop_front();
  current_ = {now, 1};
  Adjust(now);
}

void RetryAfter::Adjust(int64_t now) {
  int64_t refused = 0;
  for (const Second& second : history_) {
    if (now - second.time <= seconds_ && second.time < now) refused += second.refused;
  }
  if (now - raised_ >= seconds_ && refused >= 3 * seconds_) {
    seconds_ = std::min(2 * seconds_, kMost);
    raised_ = now;
  } else if (refused < seconds_ && seconds_ > 1) {
    --seconds_;
  }
}

}  // namespace apiserver::flowcontrol
