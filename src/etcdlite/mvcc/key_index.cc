#include "etcdlite/mvcc/key_index.h"

#include <algorithm>

namespace etcdlite::mvcc {

const KeyChange* KeyIndex::At(const History& history, int64_t at) {
  for (size_t i = history.size(); i-- > 0;) {  // nearly always asked about the newest
    if (history[i].main <= at) return history[i].tombstone() ? nullptr : &history[i];
  }
  return nullptr;
}

const KeyChange* KeyIndex::Find(absl::string_view key, int64_t at) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : At(found->second, at);
}

const KeyChange* KeyIndex::Before(absl::string_view key, Revision revision) const {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return nullptr;
  const History& history = found->second;
  for (size_t i = history.size(); i-- > 0;) {
    if (history[i].revision() < revision) return history[i].tombstone() ? nullptr : &history[i];
  }
  return nullptr;
}

void KeyIndex::Visit(const KeyRange& range, int64_t at,
                     absl::FunctionRef<bool(const std::string&, const KeyChange&)> visit) const {
  if (range.single()) {
    const auto found = keys_.find(range.key);
    if (found == keys_.end()) return;
    const KeyChange* change = At(found->second, at);
    if (change != nullptr) visit(found->first, *change);
    return;
  }
  if (!range.unbounded() && range.end <= range.key) return;
  const auto end = range.unbounded() ? keys_.end() : keys_.lower_bound(range.end);
  for (auto it = keys_.lower_bound(range.key); it != end; ++it) {
    const KeyChange* change = At(it->second, at);
    if (change != nullptr && !visit(it->first, *change)) return;
  }
}

KeyChange KeyIndex::Put(absl::string_view key, Revision revision, int64_t lease) {
  History& history = keys_.try_emplace(std::string(key)).first->second;
  KeyChange change;
  change.main = revision.main;
  change.sub = static_cast<int32_t>(revision.sub);
  change.lease = lease;
  if (history.empty() || history.back().tombstone()) {
    change.create_revision = revision.main;
    change.version = 1;
  } else {
    change.create_revision = history.back().create_revision;
    change.version = history.back().version + 1;
  }
  history.push_back(change);
  return change;
}

void KeyIndex::Tombstone(absl::string_view key, Revision revision) {
  KeyChange change;
  change.main = revision.main;
  change.sub = static_cast<int32_t>(revision.sub);
  keys_.find(key)->second.push_back(change);
}

void KeyIndex::Restore(absl::string_view key, const KeyChange& change) {
  keys_.try_emplace(std::string(key)).first->second.push_back(change);
}

void KeyIndex::Compact(int64_t at, absl::FunctionRef<void(Revision, bool)> drop) {
  for (auto it = keys_.begin(); it != keys_.end();) {
    History& history = it->second;
    size_t keep = 0;  // the change a read at `at` sees, and everything after it
    while (keep + 1 < history.size() && history[keep + 1].main <= at) ++keep;
    if (history[keep].tombstone() && history[keep].main < at) ++keep;
    for (size_t i = 0; i < keep; ++i) drop(history[i].revision(), history[i].tombstone());
    if (keep == history.size()) {
      it = keys_.erase(it);
      continue;
    }
    if (keep > 0) {
      history.erase(history.begin(), history.begin() + keep);
      history.shrink_to_fit();
    }
    ++it;
  }
}

}  // namespace etcdlite::mvcc
