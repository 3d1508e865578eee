// A watch as the cache serves it. The doors implement WatchSink.
#pragma once
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apiserver/cache/event.h"
#include "apiserver/cache/filter.h"
#include "base/turn.h"

namespace apiserver::cache {

// Takes the events of one watch, in order, one call at a time, from any thread. Must not block and must not call back
// into the cache. Nothing is queued for a watch: it is a place among the objects and events of the cache, and events
// are told when the sink gives the watch a turn.
class WatchSink {
 public:
  virtual ~WatchSink() = default;

  // Answering false ends the watch (the client is gone).
  virtual bool OnEvent(const Event& event, const Event::View& view) = 0;
  // The client has seen everything up to `revision`; `initial_end`: the initial state is complete.
  virtual bool OnBookmark(int64_t revision, bool initial_end) = 0;
  // Last call. OK: time is over. OutOfRange: what follows is not known any more. ResourceExhausted: the client read so
  // slowly that it missed events.
  virtual void OnEnd(absl::Status status) = 0;

  // There is something to tell: `turn` is to be run once, soon. By default at once, on the thread of the cache's feed.
  virtual void OnNews(const std::shared_ptr<base::Turn>& turn) { turn->Run(); }
  // Whether the client has enough to read for now. If so, OnFull follows: `turn` is to be run once most of it is read,
  // and not from within the call.
  virtual bool Full() const { return false; }
  virtual void OnFull(std::shared_ptr<base::Turn> turn) {}
};

struct WatchRequest {
  Filter filter;
  // -1: begin with the present state as ADDED events; -2: begin now, without state. One that is yet to come: what is
  // written up to it is not told.
  int64_t after_revision = -1;
  bool bookmarks = false;
  bool initial_bookmark = false;  // a bookmark closes the initial state (sendInitialEvents)
  absl::Duration timeout = absl::Hours(1);
};

// Ends the watch when destroyed (OnEnd is not called then). Thread-safe.
class WatchTicket {
 public:
  virtual ~WatchTicket() = default;
};

}  // namespace apiserver::cache
