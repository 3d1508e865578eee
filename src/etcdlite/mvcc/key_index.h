// Which revisions each key has: the ordered in-memory index of the store. Values stay in the engine.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "etcdlite/mvcc/revision.h"

namespace etcdlite::mvcc {

// One change of a key, with all of its value's metadata.
struct KeyChange {
  int64_t main = 0;
  int64_t create_revision = 0;
  int64_t version = 0;  // 0: deletion
  int64_t lease = 0;
  int32_t sub = 0;

  bool tombstone() const { return version == 0; }
  Revision revision() const { return {main, sub}; }
};

// Keys in [key, end): `end` empty is the single key, "\0" everything from `key` on.
struct KeyRange {
  absl::string_view key;
  absl::string_view end;

  bool single() const { return end.empty(); }
  bool unbounded() const { return end.size() == 1 && end[0] == '\0'; }
  bool Contains(absl::string_view k) const {
    if (single()) return k == key;
    return k >= key && (unbounded() || k < end);
  }
};

// Not thread-safe; concurrent reads are fine while nobody writes.
class KeyIndex {
 public:
  // The key as it was at revision `at`; null: absent or deleted then. Valid until the next write.
  const KeyChange* Find(absl::string_view key, int64_t at) const;
  // The newest change before the one at exactly (main, sub); null: none kept, or a deletion.
  const KeyChange* Before(absl::string_view key, Revision revision) const;
  // Calls `visit` for every key alive at `at`, in order, until it returns false.
  void Visit(const KeyRange& range, int64_t at,
             absl::FunctionRef<bool(const std::string& key, const KeyChange& change)> visit) const;

  // REQUIRES: revisions ascend. Put fills in version and create_revision and returns what was recorded.
  KeyChange Put(absl::string_view key, Revision revision, int64_t lease);
  void Tombstone(absl::string_view key, Revision revision);  // REQUIRES: alive
  void Restore(absl::string_view key, const KeyChange& change);  // as loaded, in revision order

  // Drops changes that no read at `at` or later can see; deletions at `at` itself stay for watchers that start there.
  // Calls `drop` for each.
  void Compact(int64_t at, absl::FunctionRef<void(Revision revision, bool tombstone)> drop);

  size_t size() const { return keys_.size(); }
  void Clear() { keys_.clear(); }

 private:
  using History = absl::InlinedVector<KeyChange, 1>;  // most keys have one kept change
  static const KeyChange* At(const History& history, int64_t at);

  absl::btree_map<std::string, History> keys_;
};

}  // namespace etcdlite::mvcc
