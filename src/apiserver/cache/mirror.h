// One resource of the watch cache: its objects, the recent events, its watchers. Internal to the cache.
#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "apiserver/cache/cache.h"
#include "apiserver/cache/watch_cursor.h"

namespace apiserver::cache {

using Watchers = std::vector<std::shared_ptr<Watcher>>;

// Apply and Reset come from the feed's one thread; everything else from any.
class ResourceMirror : public std::enable_shared_from_this<ResourceMirror> {
 public:
  // `definition`: of a custom resource, else nullptr. A mirror that joins while the cache runs is `loading` until Reset.
  ResourceMirror(std::string prefix, const CacheOptions& options,
                 apimachinery::structural::DefinitionPtr definition = nullptr, bool loading = false)
      : prefix(std::move(prefix)), definition(std::move(definition)), options_(options), loading_(loading) {}

  const std::string prefix;  // "pods"
  const apimachinery::structural::DefinitionPtr definition;
  std::atomic<uint64_t> events_received{0}, events_dispatched{0}, initializations{0}, objects_read{0};
  mutable std::atomic<uint64_t> init_events{0};

  EntryPtr Decode(absl::string_view key, absl::string_view value, int64_t revision) const {
    return definition == nullptr ? EntryFromStore(key, value, revision)
                                 : CustomEntryFromStore(definition, key, value, revision);
  }

  // Takes a change over. False: there is nothing to tell. While loading, changes wait for Reset.
  bool Apply(absl::string_view key, EntryPtr entry, int64_t revision);
  // Replaces everything (at start, and when the store's history was lost) by the state at `revision`, then takes over
  // what came after it while loading: remembered events are gone.
  void Reset(absl::btree_map<std::string, EntryPtr> objects, int64_t revision);

  EntryPtr Get(absl::string_view key) const;
  std::vector<EntryPtr> List(absl::string_view key_prefix, int64_t* last_change) const;
  size_t Count() const;
  size_t Bytes() const;
  uint64_t generation() const { return generation_.load(); }

  // Registers `watcher` at the place where it begins; `state_revision`: what its initial state shows at least.
  // OutOfRange: too old.
  absl::Status Register(const std::shared_ptr<Watcher>& watcher, int64_t* state_revision);
  void Unregister(Watcher& watcher);
  Watchers watchers() const;  // as of now
  size_t watcher_count() const;
  // Those that wait for an event, to be woken now that there is one; they sleep no more.
  Watchers TakeSleepers();

  // Some objects below `prefix` that come after the key `after` ("": from the first on).
  struct Objects {
    std::vector<EntryPtr> items;
    bool last;           // there are no more
    int64_t as_of;       // revision
    int64_t events_end;  // the place of the next event
  };
  Objects ObjectsAfter(absl::string_view prefix, absl::string_view after) const;

  // Places of events are numbers that only grow. Events from a place on, some or all of them; nullptr: the first of
  // them is forgotten. Watchers that are at the same place share one answer. When there are none, `sleeper` (if any, and
  // registered) is among the sleepers from then on, so that it cannot miss the next one.
  using Batch = std::shared_ptr<const std::vector<EventPtr>>;
  Batch EventsFrom(int64_t place, Watcher* sleeper = nullptr);
  int64_t events_begin() const { return events_begin_.load(); }  // of the oldest event that is remembered
  int64_t events_end() const { return events_end_.load(); }      // of the next event

 private:
  bool ApplyLocked(absl::string_view key, EntryPtr entry, int64_t revision);
  void RememberLocked(EventPtr event);

  struct Pending {
    std::string key;
    EntryPtr entry;
    int64_t revision;
  };
  const CacheOptions& options_;
  mutable std::mutex mu_;
  absl::btree_map<std::string, EntryPtr> objects_;
  size_t bytes_ = 0;  // of objects_
  bool loading_;
  std::vector<Pending> pending_;  // while loading
  std::deque<EventPtr> history_;
  size_t history_bytes_ = 0;
  std::atomic<int64_t> events_begin_{0}, events_end_{0};  // written under mu_
  int64_t frames_begin_ = 0;  // events from here on keep their encoded frames
  size_t frames_bytes_ = 0;   // of their objects
  Batch batch_;               // the last answer of EventsFrom, and where it begins
  int64_t batch_begin_ = -1;
  int64_t oldest_ = 0;       // watches may start after this revision or later ones
  int64_t last_change_ = 0;  // of this resource
  Watchers watchers_, asleep_;  // in no order; each watcher knows its places
  std::atomic<uint64_t> generation_{1};
};

}  // namespace apiserver::cache
