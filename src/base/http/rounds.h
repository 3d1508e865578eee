// Serves the streams of one I/O thread (watches) in rounds: a stream that has something to say says all of it once a
// round, so what it costs to wake up, encrypt and call the kernel is shared by the events of a batch. After a round
// streams rest for three times as long as it took, at most 16 ms: one watcher hears of an event at once, a thousand get larger
// batches the busier they are. Between slices of a millisecond other work of the thread (requests) comes first.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/time/time.h"

namespace base::http {

// Something that has gathered bytes for a client and wants to hand them over.
class RoundTask {
 public:
  virtual ~RoundTask() = default;
  virtual void RunRound() = 0;
};

class Rounds {
 public:
  using Task = std::function<void()>;
  // `post` runs a task soon, `after` later, both on the I/O thread; `now` is a monotonic clock, in a form that the real
  // one fits in.
  Rounds(std::function<void(Task)> post, std::function<void(absl::Duration, Task)> after,
         std::function<absl::Duration()> now = Monotonic)
      : post_(std::move(post)), after_(std::move(after)), now_(std::move(now)) {}

  void Add(std::shared_ptr<RoundTask> task);  // any thread; for the next round

 private:
  static absl::Duration Monotonic();
  void Begin();
  void Run();
  void Slice();

  const std::function<void(Task)> post_;
  const std::function<void(absl::Duration, Task)> after_;
  const std::function<absl::Duration()> now_;
  std::mutex mu_;
  std::vector<std::shared_ptr<RoundTask>> waiting_;  // under mu_
  bool scheduled_ = false;                           // under mu_
  // I/O thread only.
  std::vector<std::shared_ptr<RoundTask>> round_;
  size_t at_ = 0;
  absl::Duration took_;
  absl::Duration next_;  // when the next round may begin
};

}  // namespace base::http
