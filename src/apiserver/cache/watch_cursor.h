// A watcher inside the cache: a place among its resource's objects while the initial state is told, and a place among
// its events. A client that does not read costs no memory: it stays where it is, and when the events it has not heard
// are forgotten its watch ends.
#pragma once
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "absl/time/time.h"
#include "apiserver/cache/watcher.h"

namespace apiserver::cache {

class ResourceMirror;

// Thread-safe. `mu_` is held while the sink is told something, which is what orders its calls; the feed never waits
// for it, unless the sink takes its turns at once.
class Watcher final : public base::Turn, public std::enable_shared_from_this<Watcher> {
 public:
  // `mirror` outlives the call of Drop.
  Watcher(ResourceMirror& mirror, WatchRequest request, std::unique_ptr<WatchSink> sink, absl::Time now);

  // Where it begins; by the mirror, before anything else.
  void PlaceAt(int64_t position) { position_ = position; }
  // What the initial state shows at least. Before the first turn, which is the caller's to run.
  void StateIsOf(int64_t revision) { told_ = revision; }

  void Wake();          // the mirror has more events and this one slept
  void Run() override;  // tells what there is to tell, as far as the sink takes it; sleeps when that was all
  // Everything up to `revision` is in the mirror. False: the client has not been told all of it yet.
  bool Bookmark(int64_t revision);
  void EndWhenForgotten();  // the client is so slow that it missed events
  void End(absl::Status status);  // OnEnd, once
  void Drop();                    // no more calls of any kind

  absl::Time deadline() const { return deadline_; }
  absl::Time next_bookmark = absl::InfiniteFuture();  // ticker's own
  // Where the mirror keeps it, under the mirror's lock: among all, and among those that sleep.
  static constexpr size_t kNowhere = static_cast<size_t>(-1);
  size_t place_in_all = kNowhere, place_asleep = kNowhere;

  const WatchRequest request;

 private:
  // Objects read from the mirror together: those up to `last_key` (or all there are), as they were at `as_of`.
  struct Window {
    std::string last_key;
    bool to_the_end;
    int64_t as_of;
  };
  // These answer false when it is over or the sink is full.
  bool TellStateLocked();
  bool TellEventsLocked(bool then_sleep);
  bool TellLocked(const EventPtr& event);
  bool PauseWhenFullLocked();
  bool ShownByStateLocked(const Event& event);
  void EndLocked(absl::Status status);

  ResourceMirror& mirror_;
  const absl::Time deadline_;
  std::mutex wake_mu_;             // before mu_; holds off Drop while the sink hears of news
  std::mutex mu_;
  std::unique_ptr<WatchSink> sink_;  // under both; nullptr: dropped
  bool over_ = false;                // under mu_, like all below
  bool in_state_;
  bool initial_end_due_;
  std::string cursor_;            // the last object that was told
  std::deque<Window> windows_;    // by key, and by time: what the state has shown and events need not repeat
  int64_t position_ = 0;          // of the next event
  int64_t told_ = 0;              // everything up to this revision
};

}  // namespace apiserver::cache
