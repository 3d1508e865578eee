// All watches of a member: matches new commits against them and lets late ones catch up from history.
//
//   create --start revision in the past--> unsynced --history read--> synced --sink too slow--> unsynced
//
// Answers are built as serialized etcdserverpb.WatchResponse; an event is encoded once however many watch it.
// Thread-safe. Lock order: hub, then a sink's own lock; Store locks are never taken under the hub's... except for
// SharedStore::revision() and Value(), which are leaves.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "etcdlite/mvcc/shared_store.h"

namespace etcdlite::mvcc {

// Where a watch's answers go: one per client stream.
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  virtual void Enqueue(std::string response) = 0;  // must not block or call back into the hub
  virtual size_t QueuedBytes() const = 0;
  virtual void Kick() = 0;  // start sending what is queued; called with no lock held
};

struct WatchOptions {
  std::string key;
  std::string end;         // empty: one key; "\0": everything from `key`
  int64_t start_revision = 0;
  int64_t watch_id = 0;    // 0: choose
  bool no_put = false;
  bool no_delete = false;
  bool prev_kv = false;
  bool progress_notify = false;
  bool fragment = false;
};

class WatchHub {
 public:
  // `header` gives a serialized ResponseHeader for a revision. `fragment_bytes`: answers beyond are split when asked.
  WatchHub(const SharedStore& store, std::function<std::string(int64_t revision)> header, size_t fragment_bytes);
  ~WatchHub();

  void Create(const std::shared_ptr<WatchSink>& sink, WatchOptions options);
  // Answers that a watch could not be created.
  void Refuse(const std::shared_ptr<WatchSink>& sink, const std::string& reason);
  void Cancel(const std::shared_ptr<WatchSink>& sink, int64_t watch_id);
  void RequestProgress(const std::shared_ptr<WatchSink>& sink);
  // Called (no lock held) when there is something for CatchUp to do. Set before use and unset before it goes away.
  void SetOnUnsynced(std::function<void()> wake);
  void DropSink(const WatchSink* sink);  // the stream is gone

  // The apply thread: these commits are now in the store, in order.
  void Publish(const std::vector<CommitPtr>& commits);
  // The catch-up thread: moves every late watch one step ahead. True: some can go on at once.
  bool CatchUp();
  bool HasUnsynced() const;
  // Sends watches with progress_notify and nothing to report a sign of life.
  void NotifyProgress();
  // The state was replaced by a snapshot: watches go on from where they were.
  void Rewind();

  size_t watchers() const;

 private:
  struct Watcher;
  struct Stream;
  class EventCache;

  Stream& StreamOf(const std::shared_ptr<WatchSink>& sink);
  void AddSynced(Watcher* watcher);
  void RemoveSynced(Watcher* watcher);
  void Collect(Watcher* watcher, const Change& change, EventCache& cache);
  void Flush(Watcher* watcher, int64_t revision);
  void MarkUnsynced(Watcher* watcher, int64_t from);
  void Destroy(Watcher* watcher);
  void SendPendingProgress(Stream& stream);
  std::string Response(int64_t watch_id, int64_t revision) const;

  const SharedStore& store_;
  const std::function<std::string(int64_t)> header_;
  const size_t fragment_bytes_;

  void Wake();

  std::mutex wake_mu_;
  std::function<void()> wake_;  // guarded by wake_mu_
  mutable std::mutex mu_;
  int64_t published_;  // commits up to here have been matched
  std::map<const WatchSink*, std::unique_ptr<Stream>> streams_;
  absl::flat_hash_map<std::string, std::vector<Watcher*>> by_key_;  // synced, single key
  std::vector<Watcher*> by_range_;                                  // synced, ranges
  absl::flat_hash_set<Watcher*> unsynced_;
  int progress_asked_ = 0;  // streams waiting for an answer
};

}  // namespace etcdlite::mvcc
