// A watch as the cache serves it. The doors implement WatchSink.
#pragma once
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apiserver/cache/event.h"
#include "apiserver/cache/filter.h"

namespace apiserver::cache {

// Takes the events of one watch, in order, one call at a time, from any thread. Must not block and must not call back
// into the cache. Answering false ends the watch (the client is gone or too slow).
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  virtual bool OnEvent(const Event& event, const Event::View& view) = 0;
  // The client has seen everything up to `revision`; `initial_end`: the initial state is complete.
  virtual bool OnBookmark(int64_t revision, bool initial_end) = 0;
  virtual void OnEnd(absl::Status status) = 0;  // last call; OK: time is over
};

struct WatchRequest {
  Filter filter;
  int64_t after_revision = -1;  // -1: begin with the present state as ADDED events; -2: begin now, without state
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
