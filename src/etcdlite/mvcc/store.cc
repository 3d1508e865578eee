#include "etcdlite/mvcc/store.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "etcdlite/mvcc/errors.h"
#include "etcdlite/storage/byte_codec.h"
#include "etcdlite/storage/crc32c.h"
#include "etcdlite/storage/key_layout.h"

namespace etcdlite::mvcc {
namespace {

constexpr size_t kFetchTogether = 8;      // from here on many values at once are cheaper than one by one
constexpr size_t kRecentBytes = 4 << 20;  // recent values kept for reads and watchers

std::string Fixed64(int64_t value) {
  std::string out;
  storage::AppendFixed64(static_cast<uint64_t>(value), &out);
  return out;
}

bool WithinBounds(const RangeQuery& q, const KeyChange& c) {
  return (q.min_mod == 0 || c.main >= q.min_mod) && (q.max_mod == 0 || c.main <= q.max_mod) &&
         (q.min_create == 0 || c.create_revision >= q.min_create) &&
         (q.max_create == 0 || c.create_revision <= q.max_create);
}

bool HasBounds(const RangeQuery& q) {
  return q.min_mod != 0 || q.max_mod != 0 || q.min_create != 0 || q.max_create != 0;
}

int64_t SortKey(SortTarget target, const KeyChange& change) {
  switch (target) {
    case SortTarget::kVersion: return change.version;
    case SortTarget::kCreate: return change.create_revision;
    case SortTarget::kMod: return change.main;
    default: return 0;
  }
}

void Cut(RangeResult* result) {
  const int64_t limit = result->query.limit;
  if (limit <= 0 || static_cast<int64_t>(result->items.size()) <= limit) return;
  result->items.resize(limit);
  result->more = true;
}

// Keys arrive ascending; equal sort values keep that order, reversed when descending by key.
void SortPlanned(RangeResult* result) {
  const RangeQuery& q = result->query;
  SortOrder order = q.order;
  if (order == SortOrder::kNone) {
    if (q.target == SortTarget::kKey) return;
    order = SortOrder::kAscend;
  }
  if (q.target == SortTarget::kKey) {
    if (order == SortOrder::kDescend) std::reverse(result->items.begin(), result->items.end());
    return;
  }
  std::stable_sort(result->items.begin(), result->items.end(), [&](const RangeItem& a, const RangeItem& b) {
    const int64_t x = SortKey(q.target, a.change), y = SortKey(q.target, b.change);
    return order == SortOrder::kAscend ? x < y : x > y;
  });
}

void SortByValue(RangeResult* result) {
  const bool descend = result->query.order == SortOrder::kDescend;
  std::vector<std::pair<std::string, RangeItem>> keyed;
  for (RangeItem& item : result->items) {
    const auto kv = ParseKeyValue(*item.bytes);
    keyed.emplace_back(kv.has_value() ? std::string(kv->value) : std::string(), std::move(item));
  }
  std::stable_sort(keyed.begin(), keyed.end(), [descend](const auto& a, const auto& b) {
    return descend ? a.first > b.first : a.first < b.first;
  });
  result->items.clear();
  for (auto& [value, item] : keyed) result->items.push_back(std::move(item));
}

KvBytes WithoutValue(const std::string& bytes) {
  std::optional<KeyValueView> kv = ParseKeyValue(bytes);
  if (!kv.has_value()) return std::make_shared<const std::string>(bytes);
  kv->value = {};
  return std::make_shared<const std::string>(EncodeKeyValue(*kv));
}

}  // namespace

Store::Store(std::shared_ptr<storage::KvEngine> engine) : engine_(std::move(engine)) {}

absl::Status Store::Load(absl::FunctionRef<void(int64_t, const std::string&)> on_leased) {
  const std::string from(1, storage::kRevisionSpace), to(1, storage::kRevisionSpace + 1);
  const auto it = engine_->Scan(from, to);
  for (; it->Valid(); it->Next()) {
    const auto at = DecodeRevisionKey(it->key());
    const auto kv = ParseKeyValue(it->value());
    if (!at.has_value() || !kv.has_value()) {
      return absl::DataLossError(absl::StrCat("backend: a record does not parse, after revision ", revision_));
    }
    KeyChange change;
    change.main = at->revision.main;
    change.sub = static_cast<int32_t>(at->revision.sub);
    if (!at->tombstone) {
      change.create_revision = kv->create_revision;
      change.version = kv->version;
      change.lease = kv->lease;
    }
    index_.Restore(kv->key, change);
    revision_ = std::max(revision_, change.main);
  }
  RETURN_IF_ERROR(it->status());
  if (const auto saved = engine_->Get(storage::kMetaRevision); saved.ok() && saved->size() == 8) {
    revision_ = std::max(revision_, static_cast<int64_t>(storage::LoadFixed64(saved->data())));
  }
  if (const auto saved = engine_->Get(storage::kMetaCompacted); saved.ok() && saved->size() == 8) {
    compacted_ = static_cast<int64_t>(storage::LoadFixed64(saved->data()));
    // Again: the values of an earlier compaction may not all be gone.
    index_.Compact(compacted_, [&](Revision r, bool tombstone) { garbage_.emplace_back(r, tombstone); });
  }
  index_.Visit({absl::string_view("", 0), absl::string_view("\0", 1)}, revision_,
               [&](const std::string& key, const KeyChange& change) {
                 if (change.lease != 0) on_leased(change.lease, key);
                 return true;
               });
  return absl::OkStatus();
}

absl::Status Store::CheckRevision(int64_t revision) const {
  if (revision > revision_) return FutureRevisionError();
  if (revision > 0 && revision < compacted_) return CompactedError();
  return absl::OkStatus();
}

const Change* Store::RecentChange(Revision revision) const {
  if (recent_.empty() || revision.main < recent_.front()->revision) return nullptr;
  const uint64_t place = revision.main - recent_.front()->revision;
  if (place >= recent_.size()) return nullptr;  // still being made
  const Commit& commit = *recent_[place];
  return revision.sub < static_cast<int64_t>(commit.changes.size()) ? &commit.changes[revision.sub] : nullptr;
}

KvBytes Store::KeysOnlyBytes(const std::string& key, const KeyChange& change) const {
  return std::make_shared<const std::string>(
      EncodeKeyValue({key, {}, change.create_revision, change.main, change.version, change.lease}));
}

absl::StatusOr<RangeResult> Store::PlanRange(const RangeQuery& query, RangeRests* rests) const {
  RETURN_IF_ERROR(CheckRevision(query.revision));
  RangeResult result;
  result.query = query;
  result.revision = revision_;
  result.sort_by_value = query.target == SortTarget::kValue;
  const int64_t at = query.revision > 0 ? query.revision : revision_;
  const bool bounded = HasBounds(query);
  // One more than the limit tells whether there is more; sorting and bounds need all.
  const bool cut_early = query.limit > 0 && query.order == SortOrder::kNone && query.target == SortTarget::kKey && !bounded;
  const bool page = cut_early && rests != nullptr && !query.count_only && !query.range.single();
  std::optional<int64_t> known;  // keys from the first one on, as the page before has counted them
  std::string rest_from;         // the first key behind this page
  index_.Visit(query.range, at, [&](const std::string& key, const KeyChange& change) {
    ++result.count;
    if (query.count_only) return true;
    if (page && result.count == 1) known = rests->Find(key, query.range.end, at);
    if (cut_early && static_cast<int64_t>(result.items.size()) > query.limit) return !known.has_value();
    if (page && result.count == query.limit + 1) rest_from = key;
    if (bounded && !WithinBounds(query, change)) return true;
    RangeItem item{change, nullptr};
    if (query.keys_only && !result.sort_by_value) {
      item.bytes = KeysOnlyBytes(key, change);
    } else if (const Change* recent = RecentChange(change.revision()); recent != nullptr) {
      item.bytes = recent->kv;
    }
    result.items.push_back(std::move(item));
    return true;
  });
  if (known.has_value()) result.count = *known;
  if (!rest_from.empty()) rests->Keep(rest_from, query.range.end, at, result.count - query.limit);
  if (!result.sort_by_value) {
    SortPlanned(&result);
    Cut(&result);
  }
  return result;
}

absl::StatusOr<KvBytes> Store::FetchValue(Revision revision, bool may_block) const {
  const std::string key = EncodeRevisionKey(revision, false);
  absl::StatusOr<std::string> value = may_block ? engine_->Get(key) : engine_->GetCached(key);
  if (!value.ok()) return value.status();
  return std::make_shared<const std::string>(*std::move(value));
}

// In the order in which the values lie.
absl::Status Store::FetchTogether(std::vector<RangeItem*> items) const {
  std::sort(items.begin(), items.end(),
            [](const RangeItem* a, const RangeItem* b) { return a->change.revision() < b->change.revision(); });
  std::vector<std::string> keys;
  keys.reserve(items.size());
  for (const RangeItem* item : items) keys.push_back(EncodeRevisionKey(item->change.revision(), false));
  return engine_->GetMany(keys, [&](size_t place, absl::string_view value) {
    items[place]->bytes = std::make_shared<const std::string>(value);
  });
}

absl::Status Store::FetchValues(RangeResult* result, bool may_block) const {
  std::vector<RangeItem*> missing;
  for (RangeItem& item : result->items) {
    if (item.bytes == nullptr) missing.push_back(&item);
  }
  if (may_block && missing.size() >= kFetchTogether) {
    RETURN_IF_ERROR(FetchTogether(std::move(missing)));
  } else {
    for (RangeItem* item : missing) {
      ASSIGN_OR_RETURN(item->bytes, FetchValue(item->change.revision(), may_block));
    }
  }
  if (result->sort_by_value) {
    SortByValue(result);
    Cut(result);
    if (result->query.keys_only) {
      for (RangeItem& item : result->items) item.bytes = WithoutValue(*item.bytes);
    }
  }
  return absl::OkStatus();
}

std::vector<CommitPtr> Store::Recent(int64_t from, size_t max) const {
  std::vector<CommitPtr> out;
  if (recent_.empty()) return out;
  const int64_t first = recent_.front()->revision;
  for (int64_t i = std::max<int64_t>(0, from - first); i < static_cast<int64_t>(recent_.size()) && out.size() < max; ++i) {
    out.push_back(recent_[i]);
  }
  return out;
}

absl::StatusOr<std::vector<Commit>> Store::LoadChanges(int64_t from, int64_t to, size_t max, int64_t* next) const {
  std::vector<Commit> out;
  size_t loaded = 0;
  *next = to;
  const auto it = engine_->Scan(EncodeRevisionKey({from, 0}, false), EncodeRevisionKey({to, 0}, false));
  for (; it->Valid(); it->Next()) {
    const auto at = DecodeRevisionKey(it->key());
    const auto kv = ParseKeyValue(it->value());
    if (!at.has_value() || !kv.has_value()) return absl::DataLossError("backend: a record does not parse");
    if (out.empty() || out.back().revision != at->revision.main) {
      if (loaded >= max) {
        *next = at->revision.main;
        return out;
      }
      out.push_back({at->revision.main, {}, 0});
    }
    Change change;
    change.revision = at->revision;
    change.is_delete = at->tombstone;
    change.key = std::string(kv->key);
    change.kv = std::make_shared<const std::string>(
        at->tombstone ? EncodeKeyValue({kv->key, {}, 0, at->revision.main, 0, 0}) : std::string(it->value()));
    out.back().changes.push_back(std::move(change));
    ++loaded;
  }
  RETURN_IF_ERROR(it->status());
  return out;
}

absl::Status Store::Compact(int64_t revision, storage::WriteBatch* batch) {
  if (revision <= compacted_) return CompactedError();
  if (revision > revision_) return FutureRevisionError();
  compacted_ = revision;
  index_.Compact(revision, [&](Revision r, bool tombstone) { garbage_.emplace_back(r, tombstone); });
  batch->Put(std::string(storage::kMetaCompacted), Fixed64(compacted_));
  return absl::OkStatus();
}

void Store::TakeGarbage(size_t max, storage::WriteBatch* batch) {
  for (; max > 0 && !garbage_.empty(); --max) {
    batch->Delete(EncodeRevisionKey(garbage_.front().first, garbage_.front().second));
    garbage_.pop_front();
  }
}

void Store::TrimRecent() {
  while (recent_bytes_ > kRecentBytes && recent_.size() > 1) {
    recent_bytes_ -= recent_.front()->bytes;
    recent_.pop_front();
  }
}

absl::StatusOr<uint32_t> Store::Hash(int64_t revision) const {
  if (revision == 0) revision = revision_;
  if (revision < compacted_) return CompactedError();
  if (revision > revision_) return FutureRevisionError();
  uint32_t hash = storage::Crc32c(0, "key");  // etcd's bucket name starts the hash
  const std::string from(1, storage::kRevisionSpace);
  const auto it = engine_->Scan(from, EncodeRevisionKey({revision + 1, 0}, false));
  for (; it->Valid(); it->Next()) {
    const auto at = DecodeRevisionKey(it->key());
    if (!at.has_value()) return absl::DataLossError("backend: a record does not parse");
    if (at->revision.main <= compacted_) {
      // As etcd: of the compacted part, only what a read at `revision` still sees. Whether the rest is deleted
      // already must not matter.
      if (at->tombstone) continue;
      const auto kv = ParseKeyValue(it->value());
      if (!kv.has_value()) return absl::DataLossError("backend: a record does not parse");
      const KeyChange* seen = index_.Find(kv->key, revision);
      if (seen == nullptr || seen->revision() != at->revision) continue;
    }
    hash = storage::Crc32c(hash, it->key().substr(1));
    hash = storage::Crc32c(hash, it->value());
  }
  RETURN_IF_ERROR(it->status());
  return hash;
}

// ---- WriteTxn

void WriteTxn::Add(Change change) {
  if (commit_ == nullptr) {
    commit_ = std::make_shared<Commit>();
    commit_->revision = store_->revision_ + 1;
  }
  commit_->bytes += change.kv->size() + change.key.size() + 96;
  commit_->changes.push_back(std::move(change));
}

WriteTxn::Replaced WriteTxn::Put(absl::string_view key, absl::string_view value, int64_t lease) {
  Replaced replaced;
  const Revision revision = Next();
  Change change;
  if (const KeyChange* before = store_->index_.Find(key, revision.main); before != nullptr) {
    replaced.existed = true;
    replaced.before = *before;
    change.previous = before->revision();
  }
  const KeyChange recorded = store_->index_.Put(key, revision, lease);
  change.revision = revision;
  change.key = std::string(key);
  change.kv = std::make_shared<const std::string>(
      EncodeKeyValue({key, value, recorded.create_revision, recorded.main, recorded.version, lease}));
  Add(std::move(change));
  return replaced;
}

std::vector<std::pair<std::string, KeyChange>> WriteTxn::DeleteRange(const KeyRange& range) {
  std::vector<std::pair<std::string, KeyChange>> deleted;
  store_->index_.Visit(range, store_->revision_ + 1, [&](const std::string& key, const KeyChange& change) {
    deleted.emplace_back(key, change);
    return true;
  });
  for (const auto& [key, before] : deleted) {
    const Revision revision = Next();
    store_->index_.Tombstone(key, revision);
    Change change;
    change.revision = revision;
    change.is_delete = true;
    change.key = key;
    change.kv = std::make_shared<const std::string>(EncodeKeyValue({key, {}, 0, revision.main, 0, 0}));
    change.previous = before.revision();
    Add(std::move(change));
  }
  return deleted;
}

absl::StatusOr<KvBytes> WriteTxn::Fetch(Revision revision) const {
  if (commit_ != nullptr && revision.main == commit_->revision) return commit_->changes[revision.sub].kv;
  if (const Change* recent = store_->RecentChange(revision); recent != nullptr) return recent->kv;
  return store_->FetchValue(revision, /*may_block=*/true);
}

absl::StatusOr<RangeResult> WriteTxn::Range(const RangeQuery& query) const {
  RangeQuery adjusted = query;
  const bool newest = query.revision <= 0;
  if (!newest) {
    if (query.revision > revision()) return FutureRevisionError();
    if (query.revision < store_->compacted_) return CompactedError();
  }
  // The revision being made is not the store's yet: ask for the newest, which the index already knows.
  if (newest || query.revision > store_->revision_) adjusted.revision = 0;
  const int64_t saved = store_->revision_;
  if (changed() && adjusted.revision == 0) ++store_->revision_;
  absl::StatusOr<RangeResult> result = store_->PlanRange(adjusted);
  store_->revision_ = saved;
  if (!result.ok()) return result;
  for (RangeItem& item : result->items) {
    if (item.bytes == nullptr) {
      ASSIGN_OR_RETURN(item.bytes, Fetch(item.change.revision()));
    }
  }
  RETURN_IF_ERROR(store_->FetchValues(&*result, /*may_block=*/true));
  result->revision = revision();
  return result;
}

CommitPtr WriteTxn::Finish(storage::WriteBatch* batch) {
  if (!changed()) return nullptr;
  for (const Change& change : commit_->changes) {
    // A deletion is stored as etcd stores it: the key alone.
    batch->Put(EncodeRevisionKey(change.revision, change.is_delete),
               change.is_delete ? EncodeKeyValue({change.key, {}, 0, 0, 0, 0}) : *change.kv);
  }
  store_->revision_ = commit_->revision;
  store_->recent_.push_back(commit_);
  store_->recent_bytes_ += commit_->bytes;
  batch->Put(std::string(storage::kMetaRevision), Fixed64(store_->revision_));
  return std::exchange(commit_, nullptr);
}

}  // namespace etcdlite::mvcc
