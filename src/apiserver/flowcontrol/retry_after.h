// How long the refused of a priority level are told to stay away: longer while many are refused. Pure, not thread-safe.
#pragma once
#include <cstdint>
#include <deque>

namespace apiserver::flowcontrol {

// Upstream's rule: looked at once a second; doubled (to 32 at most) when in as many seconds as it says at least three times
// as many were refused, no sooner than that after the last time; one less when fewer were refused than it says.
class RetryAfter {
 public:
  void Refused(int64_t unix_second);
  int64_t seconds() const { return seconds_; }

 private:
  struct Second {
    int64_t time = 0, refused = 0;
  };
  void Adjust(int64_t now);

  std::deque<Second> history_;
  Second current_;
  int64_t seconds_ = 1, raised_ = 0;
};

}  // namespace apiserver::flowcontrol
