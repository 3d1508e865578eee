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
#include "apiserver/cache/watcher_queue.h"

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
  std::atomic<uint64_t> events_received{0}, events_dispatched{0}, init_events{0}, initializations{0}, objects_read{0};

  EntryPtr Decode(absl::string_view key, absl::string_view value, int64_t revision) const {
    return definition == nullptr ? EntryFromStore(key, value, revision)
                                 : CustomEntryFromStore(definition, key, value, revision);
  }

  // Takes a change over and answers it with the watchers to tell; nullptr when there is nothing to tell. While loading,
  // changes wait for Reset.
  EventPtr Apply(absl::string_view key, EntryPtr entry, int64_t revision, std::shared_ptr<const Watchers>* tell);
  // Replaces everything (at start, and when the store's history was lost) by the state at `revision`, then takes over
  // what came after it while loading: remembered events are gone.
  void Reset(absl::btree_map<std::string, EntryPtr> objects, int64_t revision);

  EntryPtr Get(absl::string_view key) const;
  std::vector<EntryPtr> List(absl::string_view key_prefix, int64_t* last_change) const;
  size_t Count() const;
  size_t Bytes() const;
  uint64_t generation() const { return generation_.load(); }

  // Registers `watcher` and answers what has to be sent before live events. OutOfRange: too old.
  absl::Status Register(const std::shared_ptr<Watcher>& watcher, std::vector<EntryPtr>* state,
                        std::vector<EventPtr>* past, int64_t* state_revision);
  void Unregister(const Watcher* watcher);
  std::shared_ptr<const Watchers> watchers() const;

 private:
  EventPtr ApplyLocked(absl::string_view key, EntryPtr entry, int64_t revision);

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
  int64_t oldest_ = 0;       // watches may start after this revision or later ones
  int64_t last_change_ = 0;  // of this resource
  std::shared_ptr<const Watchers> watchers_ = std::make_shared<const Watchers>();  // replaced, never changed
  std::atomic<uint64_t> generation_{1};
};

}  // namespace apiserver::cache
