#include "apiserver/cache/mirror.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace apiserver::cache {
namespace {

constexpr size_t kKeepFrames = 64;  // encoded frames are kept for this many events of a resource

}  // namespace

EventPtr ResourceMirror::Apply(absl::string_view key, EntryPtr entry, int64_t revision,
                               std::shared_ptr<const Watchers>* tell) {
  const std::lock_guard lock(mu_);
  if (loading_) {
    pending_.push_back({std::string(key), std::move(entry), revision});
    return nullptr;
  }
  EventPtr event = ApplyLocked(key, std::move(entry), revision);
  if (event != nullptr) *tell = watchers_;
  return event;
}

EventPtr ResourceMirror::ApplyLocked(absl::string_view key, EntryPtr entry, int64_t revision) {
  EventPtr event;
  const auto it = objects_.find(key);
  const bool known = it != objects_.end();
  if (known && it->second->revision >= revision) return nullptr;
  if (known) bytes_ -= it->second->bytes.size();
  if (entry != nullptr) {
    bytes_ += entry->bytes.size();
    event = std::make_shared<const Event>(known ? EventType::kModified : EventType::kAdded, entry,
                                          known ? it->second : nullptr, revision);
    if (known) {
      it->second = std::move(entry);
    } else {
      objects_.emplace(std::string(key), std::move(entry));
    }
  } else {
    if (!known) return nullptr;
    event = std::make_shared<const Event>(EventType::kDeleted, AtRevision(*it->second, revision), it->second, revision);
    objects_.erase(it);
  }
  last_change_ = revision;
  ++generation_;
  history_.push_back(event);
  history_bytes_ += event->object->bytes.size();
  while (history_.size() > options_.history_events ||
         (history_bytes_ > options_.history_bytes && history_.size() > kKeepFrames)) {
    oldest_ = history_.front()->revision;
    history_bytes_ -= history_.front()->object->bytes.size();
    history_.pop_front();
  }
  if (history_.size() > kKeepFrames) history_[history_.size() - kKeepFrames - 1]->DropFrames();
  return event;
}

void ResourceMirror::Reset(absl::btree_map<std::string, EntryPtr> objects, int64_t revision) {
  const std::lock_guard lock(mu_);
  ++initializations;
  objects_read += objects.size();
  objects_.swap(objects);
  bytes_ = 0;
  for (const auto& [key, entry] : objects_) bytes_ += entry->bytes.size();
  history_.clear();
  history_bytes_ = 0;
  oldest_ = last_change_ = revision;
  ++generation_;
  loading_ = false;
  for (Pending& change : pending_) {
    if (change.revision > revision) ApplyLocked(change.key, std::move(change.entry), change.revision);
  }
  pending_.clear();
}

EntryPtr ResourceMirror::Get(absl::string_view key) const {
  const std::lock_guard lock(mu_);
  const auto it = objects_.find(key);
  return it == objects_.end() ? nullptr : it->second;
}

std::vector<EntryPtr> ResourceMirror::List(absl::string_view key_prefix, int64_t* last_change) const {
  std::vector<EntryPtr> items;
  const std::lock_guard lock(mu_);
  if (key_prefix.empty()) items.reserve(objects_.size());
  for (auto it = key_prefix.empty() ? objects_.begin() : objects_.lower_bound(key_prefix); it != objects_.end(); ++it) {
    if (!absl::StartsWith(it->first, key_prefix)) break;
    items.push_back(it->second);
  }
  if (last_change != nullptr) *last_change = last_change_;
  return items;
}

size_t ResourceMirror::Count() const {
  const std::lock_guard lock(mu_);
  return objects_.size();
}

size_t ResourceMirror::Bytes() const {
  const std::lock_guard lock(mu_);
  return bytes_;
}

absl::Status ResourceMirror::Register(const std::shared_ptr<Watcher>& watcher, std::vector<EntryPtr>* state,
                                      std::vector<EventPtr>* past, int64_t* state_revision) {
  const int64_t after = watcher->request.after_revision;
  const std::lock_guard lock(mu_);
  *state_revision = last_change_;
  if (after == -1) {
    const std::string& ns = watcher->request.filter.ns;
    const std::string prefix = ns.empty() ? "" : ns + "/";
    for (auto it = objects_.lower_bound(prefix); it != objects_.end() && absl::StartsWith(it->first, prefix); ++it) {
      state->push_back(it->second);
    }
  } else if (after >= 0) {
    if (after < oldest_) return absl::OutOfRangeError(absl::StrCat("too old resource version: ", after, " (", oldest_, ")"));
    const auto first = std::upper_bound(history_.begin(), history_.end(), after,
                                        [](int64_t revision, const EventPtr& e) { return revision < e->revision; });
    past->assign(first, history_.end());
    *state_revision = after;
  }
  auto changed = std::make_shared<Watchers>(*watchers_);
  changed->push_back(watcher);
  watchers_ = std::move(changed);
  return absl::OkStatus();
}

void ResourceMirror::Unregister(const Watcher* watcher) {
  const std::lock_guard lock(mu_);
  auto changed = std::make_shared<Watchers>(*watchers_);
  std::erase_if(*changed, [watcher](const std::shared_ptr<Watcher>& w) { return w.get() == watcher; });
  watchers_ = std::move(changed);
}

std::shared_ptr<const Watchers> ResourceMirror::watchers() const {
  const std::lock_guard lock(mu_);
  return watchers_;
}

}  // namespace apiserver::cache
