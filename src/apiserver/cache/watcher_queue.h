// A watcher inside the cache: puts the initial state before the live events without holding up the feed.
#pragma once
#include <deque>
#include <memory>
#include <mutex>

#include "absl/time/time.h"
#include "apiserver/cache/watcher.h"

namespace apiserver::cache {

// Thread-safe. `mu_` is held while the sink is called, which is what orders its calls; sinks do not call back.
class Watcher {
 public:
  Watcher(WatchRequest request, std::unique_ptr<WatchSink> sink, absl::Time now);

  // What came before the live events; then opens the gate for them. `state_revision`: of the initial state.
  void SendInitial(std::vector<EntryPtr> state, std::vector<EventPtr> past, int64_t state_revision, bool initial_bookmark);
  void Deliver(const EventPtr& event);  // from the feed, in order
  void Bookmark(int64_t revision);      // when the watcher asked for them
  void End(absl::Status status);        // OnEnd, once
  void Drop();                          // no more calls of any kind

  bool ended() const;
  absl::Time deadline() const { return deadline_; }
  absl::Time next_bookmark = absl::InfiniteFuture();  // ticker's own

  const WatchRequest request;

 private:
  void DeliverLocked(const EventPtr& event);

  mutable std::mutex mu_;
  std::unique_ptr<WatchSink> sink_;  // nullptr: ended
  const absl::Time deadline_;
  bool live_ = false;
  std::deque<EventPtr> waiting_;  // live events that came before the initial state was sent
  int64_t sent_ = 0;              // revision of the last event or bookmark
};

}  // namespace apiserver::cache
