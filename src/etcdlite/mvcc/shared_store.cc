#include "etcdlite/mvcc/shared_store.h"

#include "base/status_macros.h"
#include "etcdlite/mvcc/errors.h"

namespace etcdlite::mvcc {

using ReadLock = std::shared_lock<std::shared_mutex>;

void SharedStore::Replace(std::unique_ptr<Store> store) {
  std::unique_lock<std::shared_mutex> lock(mu_);
  store_ = std::move(store);
  rests_.Clear();
}

int64_t SharedStore::revision() const {
  ReadLock lock(mu_);
  return store_->revision();
}

int64_t SharedStore::compacted() const {
  ReadLock lock(mu_);
  return store_->compacted();
}

std::shared_ptr<storage::KvEngine> SharedStore::engine() const {
  ReadLock lock(mu_);
  return store_->shared_engine();
}

absl::StatusOr<RangeResult> SharedStore::Range(const RangeQuery& query, bool may_block) const {
  while (true) {
    std::shared_ptr<const Store> store;
    absl::StatusOr<RangeResult> result = absl::UnknownError("");
    {
      ReadLock lock(mu_);
      store = store_;
      result = store->PlanRange(query, &rests_);
    }
    if (!result.ok()) return result;
    const absl::Status fetched = store->FetchValues(&*result, may_block);
    if (fetched.ok()) return result;
    // Overwritten and compacted between the two steps: what to answer is a new question.
    if (!absl::IsNotFound(fetched)) return fetched;
  }
}

absl::StatusOr<KvBytes> SharedStore::Value(Revision revision) const {
  std::shared_ptr<const Store> store;
  {
    ReadLock lock(mu_);
    store = store_;
    if (KvBytes recent = store->RecentValue(revision); recent != nullptr) return recent;
  }
  return store->FetchValue(revision, /*may_block=*/true);
}

absl::StatusOr<std::vector<CommitPtr>> SharedStore::History(int64_t from, size_t max, int64_t* next) const {
  std::shared_ptr<const Store> store;
  int64_t recent_from;
  {
    ReadLock lock(mu_);
    store = store_;
    if (from < store->compacted()) return CompactedError();
    *next = store->revision() + 1;
    if (from >= *next) return std::vector<CommitPtr>();
    recent_from = store->recent_from();
    if (from >= recent_from) {
      std::vector<CommitPtr> commits = store->Recent(from, max);
      if (!commits.empty()) *next = commits.back()->revision + 1;
      return commits;
    }
  }
  ASSIGN_OR_RETURN(std::vector<Commit> loaded, store->LoadChanges(from, recent_from, max, next));
  ReadLock lock(mu_);
  if (from < store->compacted()) return CompactedError();  // some of it may be missing
  std::vector<CommitPtr> commits;
  for (Commit& commit : loaded) {
    for (Change& change : commit.changes) {
      const KeyChange* before = store->index().Before(change.key, change.revision);
      if (before != nullptr) change.previous = before->revision();
      commit.bytes += change.kv->size();
    }
    commits.push_back(std::make_shared<const Commit>(std::move(commit)));
  }
  return commits;
}

absl::StatusOr<uint32_t> SharedStore::Hash(int64_t revision, int64_t* hashed, int64_t* compacted,
                                           int64_t* current) const {
  ReadLock lock(mu_);  // writers wait: the hash needs index and engine to agree
  *hashed = revision == 0 ? store_->revision() : revision;
  *compacted = store_->compacted();
  *current = store_->revision();
  return store_->Hash(revision);
}

void SharedStore::Write(absl::FunctionRef<void(Store&)> write) {
  std::unique_lock<std::shared_mutex> lock(mu_);
  write(*store_);
}

}  // namespace etcdlite::mvcc
