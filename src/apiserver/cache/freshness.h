// Consistent reads without a thread each: who asks while a question to the store is under way shares the next question,
// and is called back when the cache shows what the store answered.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace apiserver::cache {

// Thread-safe. Callbacks run on a thread of the store, on one of our own, or on the caller's; they must not block.
class Freshness : public std::enable_shared_from_this<Freshness> {
 public:
  using Done = std::function<void(absl::Status)>;
  struct Ports {
    // Asks the store for its revision; the answer may come on any thread, late, or never. Outlives us.
    std::function<void(std::function<void(absl::StatusOr<int64_t>)> answer)> ask;
    // The rest is not called after Stop. What the cache shows; must not block.
    std::function<int64_t()> shown;
    // Blocks until the cache shows `revision`; -1: asks the store again first, as often as it takes.
    std::function<absl::Status(int64_t revision)> wait;
  };
  explicit Freshness(Ports ports);
  ~Freshness();

  // False: too many wait already (or it is over), and `done` is not kept.
  bool When(Done done);
  // To be called now and then: gives up a question that has been open for longer than the patience of readers.
  void Tick(absl::Time now);
  void Stop();  // who waits is told Unavailable. Idempotent.

 private:
  struct Behind {
    int64_t revision;
    std::vector<Done> waiters;
  };
  uint64_t OpenQuestionLocked();
  void Ask(uint64_t question);
  void Answered(uint64_t question, const absl::StatusOr<int64_t>& revision);
  void Run();

  const Ports ports_;
  std::mutex mu_;
  std::condition_variable wake_;
  // Under mu_.
  bool over_ = false, open_ = false;
  uint64_t question_ = 0;
  absl::Time asked_at_;
  std::vector<Done> current_, next_;  // the open question's, and those who came too late for it
  std::vector<Behind> behind_;        // the cache does not show their answer yet: our thread waits
  std::thread thread_;
};

}  // namespace apiserver::cache
