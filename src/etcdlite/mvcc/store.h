// The multi-version store: what every key was at every revision not yet compacted.
//
// Deterministic: state is a function of the sequence of transactions. Reads run in two steps so that no lock is held
// while values come from the engine: PlanRange() looks at the index, FetchValues() gets the bytes.
//
// Locking is the caller's: const methods may run beside each other, the rest need the store alone. FetchValues,
// LoadChanges touch only immutable and self-synchronized state and need no lock at all.
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "etcdlite/mvcc/key_index.h"
#include "etcdlite/mvcc/range_rests.h"
#include "etcdlite/mvcc/kv_codec.h"
#include "etcdlite/storage/kv_engine.h"

namespace etcdlite::mvcc {

enum class SortOrder : uint8_t { kNone, kAscend, kDescend };
enum class SortTarget : uint8_t { kKey, kVersion, kCreate, kMod, kValue };

struct RangeQuery {
  KeyRange range;
  int64_t limit = 0;     // 0: none
  int64_t revision = 0;  // <= 0: newest
  SortOrder order = SortOrder::kNone;
  SortTarget target = SortTarget::kKey;
  bool keys_only = false;
  bool count_only = false;
  int64_t min_mod = 0, max_mod = 0, min_create = 0, max_create = 0;  // 0: no bound
};

// One key of a result; `bytes` is null until fetched.
struct RangeItem {
  KeyChange change;
  KvBytes bytes;
};
struct RangeResult {
  std::vector<RangeItem> items;
  int64_t count = 0;     // keys in the range, before limit and revision bounds
  bool more = false;
  int64_t revision = 0;  // of the store
  bool sort_by_value = false;  // FetchValues still has to sort and cut
  RangeQuery query;            // views: valid as long as the caller's strings
};

// One change as watchers see it.
struct Change {
  Revision revision;
  bool is_delete = false;
  std::string key;
  KvBytes kv;          // of a deletion: key and mod_revision
  Revision previous;   // where the value before it lies; main 0: there was none
};
// All changes of one transaction.
struct Commit {
  int64_t revision = 0;
  std::vector<Change> changes;
  size_t bytes = 0;
};
using CommitPtr = std::shared_ptr<const Commit>;

class Store {
 public:
  explicit Store(std::shared_ptr<storage::KvEngine> engine);

  // Loads the index from the engine. DataLoss: a record does not parse.
  absl::Status Load(absl::FunctionRef<void(int64_t lease, const std::string& key)> on_leased);

  int64_t revision() const { return revision_; }
  int64_t compacted() const { return compacted_; }
  const KeyIndex& index() const { return index_; }
  std::shared_ptr<storage::KvEngine> shared_engine() const { return engine_; }

  // OutOfRange: compacted, or a future revision (texts as etcd's).
  // `rests`, when given, spares pages of a long read to count what earlier ones counted.
  absl::StatusOr<RangeResult> PlanRange(const RangeQuery& query, RangeRests* rests = nullptr) const;
  absl::Status CheckRevision(int64_t revision) const;
  // Fills in `bytes`. NotFound: compacted meanwhile, plan again. Unavailable: `may_block` is false and the value is on disk.
  absl::Status FetchValues(RangeResult* result, bool may_block) const;
  absl::StatusOr<KvBytes> FetchValue(Revision revision, bool may_block) const;

  // A change's bytes when it is still in memory, else null.
  KvBytes RecentValue(Revision revision) const {
    const Change* change = RecentChange(revision);
    return change == nullptr ? nullptr : change->kv;
  }

  // Commits kept in memory start at this revision; all newer ones are there.
  int64_t recent_from() const { return recent_.empty() ? revision_ + 1 : recent_.front()->revision; }
  // Commits from `revision` on, from memory. REQUIRES: recent_from() <= revision.
  std::vector<CommitPtr> Recent(int64_t from, size_t max) const;
  // Changes with main revision in [from, to) from the engine, whole commits only, about `max` changes at most.
  // `previous` is not filled in. Sets *next to where to go on.
  absl::StatusOr<std::vector<Commit>> LoadChanges(int64_t from, int64_t to, size_t max, int64_t* next) const;

  // OutOfRange as etcd's. Values go later, by TakeGarbage.
  absl::Status Compact(int64_t revision, storage::WriteBatch* batch);
  bool HasGarbage() const { return !garbage_.empty(); }
  void TakeGarbage(size_t max, storage::WriteBatch* batch);

  // Forgets old commits in memory. REQUIRES: everything so far is written to the engine.
  void TrimRecent();

  // etcd's hash over all changes up to `revision` (0: newest).
  absl::StatusOr<uint32_t> Hash(int64_t revision) const;

 private:
  friend class WriteTxn;
  const Change* RecentChange(Revision revision) const;
  absl::Status FetchTogether(std::vector<RangeItem*> items) const;
  KvBytes KeysOnlyBytes(const std::string& key, const KeyChange& change) const;

  std::shared_ptr<storage::KvEngine> engine_;
  KeyIndex index_;
  int64_t revision_ = 1;   // an empty store is at revision 1, as etcd's
  int64_t compacted_ = -1; // as etcd's: nothing compacted yet
  std::deque<CommitPtr> recent_;  // contiguous up to revision_
  size_t recent_bytes_ = 0;
  std::deque<std::pair<Revision, bool>> garbage_;  // engine records nobody can read
};

// One write transaction: all its changes share one main revision, and its reads see them. Nothing in it can fail:
// check first. REQUIRES: one at a time.
class WriteTxn {
 public:
  explicit WriteTxn(Store* store) : store_(store) {}

  struct Replaced {
    bool existed = false;
    KeyChange before;
  };
  Replaced Put(absl::string_view key, absl::string_view value, int64_t lease);
  // Deletes what is alive in the range; returns keys with what they were.
  std::vector<std::pair<std::string, KeyChange>> DeleteRange(const KeyRange& range);

  bool changed() const { return commit_ != nullptr && !commit_->changes.empty(); }
  // The revision reads see: the one being made once something changed.
  int64_t revision() const { return store_->revision_ + (changed() ? 1 : 0); }
  absl::StatusOr<RangeResult> Range(const RangeQuery& query) const;  // values included
  absl::StatusOr<KvBytes> Fetch(Revision revision) const;

  // Publishes the changes and adds them to `batch`. Null: nothing changed.
  CommitPtr Finish(storage::WriteBatch* batch);

 private:
  Revision Next() const {
    return {store_->revision_ + 1, commit_ == nullptr ? 0 : static_cast<int64_t>(commit_->changes.size())};
  }
  void Add(Change change);

  Store* store_;
  std::shared_ptr<Commit> commit_;
};

}  // namespace etcdlite::mvcc
