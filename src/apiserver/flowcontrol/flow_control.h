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
#include "apiserver/flowcontrol/work_estimate.h"
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

// A request at the gate.
struct Applicant {
  const pipeline::UserInfo& user;
  const pipeline::RequestInfo& request;
  ListShape list;                                        // of a list or watch
  std::function<Stored()> stored = {};                   // of its resource; called for lists and watches only
  std::function<size_t()> watchers = {};                 // of its resource; called for writes only
  absl::Duration patience = absl::InfiniteDuration();    // it waits a quarter of this, and never more than max_wait
};

// How a request was sorted; both empty: not at all (no schemas yet).
struct FlowVerdict {
  std::string schema_uid, level_uid;
};

class FlowControl {
 public:
  using Go = std::function<void(Seat seat)>;
  // `retry_after`: seconds that the client is to stay away.
  using Refuse = std::function<void(int64_t retry_after)>;

  // `reader` and `clock` outlive it.
  FlowControl(FlowControlOptions options, const pipeline::ObjectReader& reader, const base::Clock& clock);
  ~FlowControl();  // as Stop

  // Calls exactly one of `go` (now, or later on a thread of `run`) and `refuse` (now, or later on any thread; must not
  // block). What `applicant` refers to is used during the call only.
  void Admit(const Applicant& applicant, FlowVerdict* verdict, Go go, Refuse refuse);

  void Stop();  // refuses what waits; later requests pass. Idempotent.

 private:
  struct Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace apiserver::flowcontrol
