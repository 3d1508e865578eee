// The watch cache: a mirror of /registry/ fed by one range and one watch of the store, and all watches of clients.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apiserver/cache/entry.h"
#include "apiserver/cache/watcher.h"
#include "apiserver/store/store.h"

namespace apiserver::cache {

inline constexpr absl::string_view kRegistryPrefix = "/registry/";

// Names a mirrored resource; from Cache::Find or Open.
class ResourceMirror;
using MirrorPtr = std::shared_ptr<const ResourceMirror>;

struct Listing {
  std::vector<EntryPtr> items;  // in key order
  int64_t revision = 0;         // of the whole cache when the list was taken
};

// What went through a resource of the cache since it began, for metrics.
struct Traffic {
  uint64_t events_received = 0;    // from the store
  uint64_t events_dispatched = 0;  // told to watchers, each event once
  uint64_t init_events = 0;        // sent to watchers as what there was when they came
  uint64_t initializations = 0;    // readings of everything there is
  uint64_t objects_read = 0;       // by these
};

struct CacheOptions {
  size_t history_events = 4096;  // kept per resource for watches that start in the past
  size_t history_bytes = 16u << 20;
  absl::Duration bookmark_every = absl::Minutes(1);
};

// Thread-safe.
class Cache {
 public:
  // Nothing is read before Start. `store` must outlive the cache. `prefixes`: storage prefixes below /registry/
  // ("pods", "services/specs").
  static std::unique_ptr<Cache> Create(store::Store& store, std::vector<std::string> prefixes, CacheOptions options = {});
  virtual ~Cache() = default;  // ends all watches

  virtual absl::Status Start() = 0;  // reads everything, then follows; Unavailable when the store is
  virtual void Stop() = 0;           // ends all watches and the feed. Idempotent.
  virtual bool ready() const = 0;    // false while it has lost touch with the store
  virtual MirrorPtr Find(absl::string_view prefix) const = 0;

  // Custom resources come and go while the cache runs. Open reads what is stored below the definition's prefix and
  // follows it from then on; a mirror that was there before is replaced, its watches end. Close ends them too.
  virtual absl::StatusOr<MirrorPtr> Open(apimachinery::structural::DefinitionPtr definition) = 0;
  virtual void Close(absl::string_view prefix) = 0;

  // An object from the store, as this resource keeps it. nullptr: unreadable.
  virtual EntryPtr Decode(const ResourceMirror& resource, absl::string_view key, absl::string_view value,
                          int64_t revision) const = 0;

  virtual int64_t revision() const = 0;
  // Waits until the cache shows `revision`. DeadlineExceeded.
  virtual absl::Status WaitFor(int64_t revision, absl::Duration timeout) = 0;
  // Waits until the cache shows everything that was committed before the call: what makes a read consistent.
  virtual absl::Status WaitFresh(absl::Duration timeout) = 0;
  // The same without holding up a thread (see freshness.h): `done` must not block, and is told DeadlineExceeded after
  // some seconds. False: too many wait already, and `done` is not kept.
  virtual bool WhenFresh(std::function<void(absl::Status)> done) = 0;

  virtual EntryPtr Get(const ResourceMirror& resource, absl::string_view key) const = 0;
  // Entries whose key starts with `key_prefix` ("default/"; "" for all).
  virtual Listing List(const ResourceMirror& resource, absl::string_view key_prefix) const = 0;
  virtual uint64_t Generation(const ResourceMirror& resource) const = 0;
  virtual size_t Count(const ResourceMirror& resource) const = 0;
  virtual size_t Bytes(const ResourceMirror& resource) const = 0;  // of all its objects as they are kept
  virtual Traffic TrafficOf(const ResourceMirror& resource) const = 0;

  // Starts a watch. Expired (410): `after_revision` is older than what is remembered.
  virtual absl::StatusOr<std::unique_ptr<WatchTicket>> Watch(const ResourceMirror& resource, WatchRequest request,
                                                             std::unique_ptr<WatchSink> sink) = 0;
  virtual size_t watchers() const = 0;
  virtual size_t WatchersOf(const ResourceMirror& resource) const = 0;
  virtual uint64_t bookmarks() const = 0;  // that the store's feed brought: it had nothing to tell up to some revision
};

}  // namespace apiserver::cache
