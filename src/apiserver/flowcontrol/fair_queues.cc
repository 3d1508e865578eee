#include "apiserver/flowcontrol/fair_queues.h"

#include <algorithm>

namespace apiserver::flowcontrol {

std::vector<int> DealHand(uint64_t hash, int deck, int hand) {
  std::vector<int> dealt;
  for (int i = 0; i < hand; ++i) {
    int card = static_cast<int>(hash % static_cast<uint64_t>(deck - i));
    hash /= static_cast<uint64_t>(deck - i);
    // The card-th of those still in the deck: step over the dealt ones, in order.
    std::vector<int> sorted = dealt;
    std::sort(sorted.begin(), sorted.end());
    for (const int taken : sorted) card += taken <= card ? 1 : 0;
    dealt.push_back(card);
  }
  return dealt;
}

FairQueues::FairQueues(int queues, int hand_size, int queue_length)
    : hand_size_(hand_size), queue_length_(queue_length), queues_(static_cast<size_t>(queues)) {}

bool FairQueues::Add(uint64_t flow_hash, const Waiting& request) {
  if (queues_.empty()) return false;
  int best = -1;
  for (const int i : DealHand(flow_hash, static_cast<int>(queues_.size()), hand_size_)) {
    if (best < 0 || queues_[i].seats < queues_[best].seats) best = i;
  }
  Queue& queue = queues_[best];
  if (queue.requests.size() >= static_cast<size_t>(queue_length_)) return false;
  if (queue.requests.empty()) {
    queue.start = std::max(queue.start, now_);
    busy_.push_back(best);
  }
  queue.requests.push_back(request);
  queue.seats += request.seats;
  ++size_;
  return true;
}

int FairQueues::NextQueue() const {
  int best = -1;
  double finish = 0;
  for (const int i : busy_) {
    const double f = queues_[i].start + queues_[i].requests.front().seats;
    if (best < 0 || f < finish) {
      best = i;
      finish = f;
    }
  }
  return best;
}

const FairQueues::Waiting* FairQueues::Next() {
  const int next = NextQueue();
  return next < 0 ? nullptr : &queues_[next].requests.front();
}

void FairQueues::PopNext() {
  const int next = NextQueue();
  Queue& queue = queues_[next];
  now_ = std::max(now_, queue.start);
  dispatched_ = queue.start;
  queue.start += queue.requests.front().seats;
  queue.seats -= queue.requests.front().seats;
  queue.requests.pop_front();
  --size_;
  busy_.remove(next);
  if (!queue.requests.empty()) busy_.push_back(next);  // equals take turns
}

FairQueues::Progress FairQueues::progress() const {
  Progress progress{now_, dispatched_, now_, now_};
  for (const int i : busy_) {
    const double start = queues_[i].start;
    progress.next_first = i == busy_.front() ? start : std::min(progress.next_first, start);
    progress.next_last = i == busy_.front() ? start : std::max(progress.next_last, start);
  }
  return progress;
}

bool FairQueues::Remove(uint64_t id) {
  for (const int i : busy_) {
    Queue& queue = queues_[i];
    const auto found = std::find_if(queue.requests.begin(), queue.requests.end(), [&](const Waiting& w) { return w.id == id; });
    if (found == queue.requests.end()) continue;
    queue.seats -= found->seats;
    queue.requests.erase(found);
    --size_;
    if (queue.requests.empty()) busy_.remove(i);
    return true;
  }
  return false;
}

std::vector<uint64_t> FairQueues::RemoveBefore(absl::Time time) {
  std::vector<uint64_t> late;
  for (const int i : busy_) {
    for (const Waiting& w : queues_[i].requests) {
      if (w.until <= time) late.push_back(w.id);
    }
  }
  for (const uint64_t id : late) Remove(id);
  return late;
}

}  // namespace apiserver::flowcontrol
