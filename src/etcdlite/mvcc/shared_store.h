// A Store with its lock: many readers on any thread beside one writer, the apply thread.
#pragma once
#include <memory>
#include <shared_mutex>
#include <vector>

#include "absl/functional/function_ref.h"
#include "etcdlite/mvcc/store.h"

namespace etcdlite::mvcc {

class SharedStore {
 public:
  explicit SharedStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}

  // Replaces the whole state (a snapshot was installed).
  void Replace(std::unique_ptr<Store> store);

  int64_t revision() const;
  int64_t compacted() const;
  // A whole read, no lock held while values are fetched. Unavailable: `may_block` is false and a value is on disk.
  absl::StatusOr<RangeResult> Range(const RangeQuery& query, bool may_block) const;
  // The value at a revision. NotFound: compacted.
  absl::StatusOr<KvBytes> Value(Revision revision) const;
  // Commits from `from` on, in order, about `max` changes. Sets *next to the revision after the last one looked at:
  // current revision + 1 when there is no more. OutOfRange: `from` is compacted.
  absl::StatusOr<std::vector<CommitPtr>> History(int64_t from, size_t max, int64_t* next) const;
  absl::StatusOr<uint32_t> Hash(int64_t revision, int64_t* hashed, int64_t* compacted, int64_t* current) const;
  std::shared_ptr<storage::KvEngine> engine() const;

  // Runs `write` alone with the store.
  void Write(absl::FunctionRef<void(Store&)> write);
  // For the writer thread, which needs no lock to read.
  const Store& ForWriter() const { return *store_; }

 private:
  mutable std::shared_mutex mu_;
  std::shared_ptr<Store> store_;
  mutable RangeRests rests_;
};

}  // namespace etcdlite::mvcc
