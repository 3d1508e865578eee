// The waiting requests of one priority level: fair queuing over shuffle-sharded queues. Pure, not thread-safe.
//
// A flow (one user, one namespace) is dealt a hand of queues by its hash and waits in the shortest of them: a flow that
// floods its queues leaves most queues of most other flows alone. Queues take turns in virtual time: the one whose next
// request would have finished first, had all queues been served side by side, is next.
#pragma once
#include <cstdint>
#include <deque>
#include <list>
#include <vector>

#include "absl/time/time.h"

namespace apiserver::flowcontrol {

// Indexes of the `hand` queues (of `deck`) that belong to `hash`: distinct, and every hand equally likely.
std::vector<int> DealHand(uint64_t hash, int deck, int hand);

class FairQueues {
 public:
  struct Waiting {
    uint64_t id = 0;
    int seats = 1;
    absl::Time until;  // when it gives up
  };

  FairQueues(int queues, int hand_size, int queue_length);

  // False: the flow's queues are full.
  bool Add(uint64_t flow_hash, const Waiting& request);
  // Who is next; nullptr: nobody waits.
  const Waiting* Next();
  void PopNext();  // REQUIRES: Next() was not nullptr
  bool Remove(uint64_t id);
  // Takes out those who have given up by `time`.
  std::vector<uint64_t> RemoveBefore(absl::Time time);
  size_t size() const { return size_; }

  // How far the queues have come in virtual time, which grows with the work that is let go.
  struct Progress {
    double now = 0;
    double dispatched = 0;             // when what was let go last began
    double next_first = 0, next_last = 0;  // when what is next in the queues begins, of all that have something; else now
  };
  Progress progress() const;

 private:
  struct Queue {
    std::deque<Waiting> requests;
    double start = 0;  // virtual: when its first request begins
    int seats = 0;     // that its requests want together
  };
  int NextQueue() const;

  const int hand_size_, queue_length_;
  std::vector<Queue> queues_;
  std::list<int> busy_;  // queues with requests
  double now_ = 0, dispatched_ = 0;  // virtual
  size_t size_ = 0;
};

}  // namespace apiserver::flowcontrol
