// Work that follows objects: one thread that looks at everything anew whenever some of it changed.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apiserver/registry/registry.h"

namespace apiserver::registry {

// A resource to follow. `noticed` (optional) takes its events instead of the loop: it runs on the cache's thread and must
// not block. Events that are lost with the watch itself make the loop follow anew and look, whatever the resource.
struct Followed {
  pipeline::GroupResource what;
  std::function<void(const cache::Event&)> noticed;
};

// Start, then Stop, each once, on one thread. Changes that come while it looks are looked at next, however many they
// were. The metrics tell of it as of a queue of work, and of what it follows as of watches.
class ChangeLoop {
 public:
  // Looks at everything; answers when to look again although nothing changes (InfiniteDuration: not before).
  using Look = std::function<absl::Duration()>;

  // `name`: of the queue. `registry` must outlive the loop.
  ChangeLoop(Registry& registry, std::string name, std::vector<Followed> followed, Look look);
  ~ChangeLoop();  // stops

  // The cache must have started. Follow, one look on this thread if `look_here` (it is done when Start returns) or at
  // once on the loop's own, which goes on until Stop.
  absl::Status Start(bool look_here);
  void Stop();  // idempotent; no look runs and nothing is noticed afterwards

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace apiserver::registry
