// Priority and fairness: sorts requests into flows of priority levels, lets as many work at once as there are seats, keeps
// the others waiting in fair queues, and refuses what does not fit.
//
// A waiting request holds no thread: it is two closures. Levels and schemas are read from the watch cache and taken over
// when they change.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apiserver/pipeline/objects.h"
#include "apiserver/pipeline/request.h"

namespace base {
class Clock;
}

namespace apiserver::flowcontrol {

struct FlowControlOptions {
  int seats = 600;  // of all levels together
  absl::Duration max_wait = absl::Seconds(15);
  // Runs what was waiting, on a thread that may block. Must not run it inside the call.
  std::function<void(std::function<void()>)> run;
};

// The right to work on a request; given back when it is destroyed.
class Seat {
 public:
  Seat() = default;
  explicit Seat(std::shared_ptr<void> held) : held_(std::move(held)) {}

 private:
  std::shared_ptr<void> held_;
};

// How a request was sorted; both empty: not at all (no schemas yet).
struct FlowVerdict {
  std::string schema_uid, level_uid;
};

class FlowControl {
 public:
  using Go = std::function<void(Seat seat)>;
  using Refuse = std::function<void()>;

  // `reader` and `clock` outlive it.
  FlowControl(FlowControlOptions options, const pipeline::ObjectReader& reader, const base::Clock& clock);
  ~FlowControl();  // as Stop

  // Sorting alone, for requests that are answered at once.
  FlowVerdict Classify(const pipeline::UserInfo& user, const pipeline::RequestInfo& request);

  // Calls exactly one of `go` (now, or later on a thread of `run`) and `refuse` (now, or later on any thread; must not
  // block). `stored` tells how many objects a list may go through; it is only called for lists.
  void Admit(const pipeline::UserInfo& user, const pipeline::RequestInfo& request, int64_t limit,
             const std::function<int64_t()>& stored, FlowVerdict* verdict, Go go, Refuse refuse);

  void Stop();  // refuses what waits; later requests pass. Idempotent.

  std::string MetricsText() const;

 private:
  struct Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace apiserver::flowcontrol
