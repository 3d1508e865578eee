#include "apiserver/cache/mirror.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"

namespace apiserver::cache {
namespace {

// Encoded frames are kept for the last events of a resource: so many, and more while they are small.
constexpr int64_t kKeepFrames = 64, kKeepSmallFrames = 1024;
constexpr size_t kSmallFrames = 1 << 20;
constexpr size_t kObjectsAtOnce = 64, kObjectBytesAtOnce = 64 << 10;
constexpr int64_t kEventsAtOnce = 256;

}  // namespace

bool ResourceMirror::Apply(absl::string_view key, EntryPtr entry, int64_t revision) {
  const std::lock_guard lock(mu_);
  if (loading_) {
    pending_.push_back({std::string(key), std::move(entry), revision});
    return false;
  }
  return ApplyLocked(key, std::move(entry), revision);
}

bool ResourceMirror::ApplyLocked(absl::string_view key, EntryPtr entry, int64_t revision) {
  EventPtr event;
  const auto it = objects_.find(key);
  const bool known = it != objects_.end();
  if (known && it->second->revision >= revision) return false;
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
    if (!known) return false;
    event = std::make_shared<const Event>(EventType::kDeleted, AtRevision(*it->second, revision), it->second, revision);
    objects_.erase(it);
  }
  last_change_ = revision;
  ++generation_;
  RememberLocked(std::move(event));
  return true;
}

void ResourceMirror::RememberLocked(EventPtr event) {
  const size_t size = event->object->bytes.size();
  history_.push_back(std::move(event));
  history_bytes_ += size;
  frames_bytes_ += size;
  ++events_end_;
  const auto at = [this](int64_t place) -> const Event& { return *history_[static_cast<size_t>(place - events_begin_)]; };
  for (int64_t kept = events_end_ - frames_begin_;
       kept > kKeepSmallFrames || (kept > kKeepFrames && frames_bytes_ > kSmallFrames); --kept) {
    const Event& old = at(frames_begin_++);
    frames_bytes_ -= old.object->bytes.size();
    old.DropFrames();
  }
  while (history_.size() > options_.history_events ||
         (history_bytes_ > options_.history_bytes && history_.size() > kKeepFrames)) {
    if (frames_begin_ == events_begin_) {
      ++frames_begin_;
      frames_bytes_ -= history_.front()->object->bytes.size();
    }
    oldest_ = history_.front()->revision;
    history_bytes_ -= history_.front()->object->bytes.size();
    history_.pop_front();
    ++events_begin_;
  }
}

void ResourceMirror::Reset(absl::btree_map<std::string, EntryPtr> objects, int64_t revision) {
  const std::lock_guard lock(mu_);
  ++initializations;
  objects_read += objects.size();
  objects_.swap(objects);
  bytes_ = 0;
  for (const auto& [key, entry] : objects_) bytes_ += entry->bytes.size();
  history_.clear();
  history_bytes_ = frames_bytes_ = 0;
  events_begin_ = frames_begin_ = ++events_end_;  // who was anywhere before has missed something
  batch_ = nullptr;
  batch_begin_ = -1;
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

absl::Status ResourceMirror::Register(const std::shared_ptr<Watcher>& watcher, int64_t* state_revision) {
  const int64_t after = watcher->request.after_revision;
  const std::lock_guard lock(mu_);
  *state_revision = last_change_;
  int64_t place = events_end_;
  if (after >= 0) {
    if (after < oldest_) return absl::OutOfRangeError(absl::StrCat("too old resource version: ", after, " (", oldest_, ")"));
    const auto first = std::upper_bound(history_.begin(), history_.end(), after,
                                        [](int64_t revision, const EventPtr& e) { return revision < e->revision; });
    place -= history_.end() - first;
    init_events += static_cast<uint64_t>(history_.end() - first);
    *state_revision = after;
  }
  watcher->PlaceAt(place);
  watcher->place_in_all = watchers_.size();
  watchers_.push_back(watcher);
  return absl::OkStatus();
}

ResourceMirror::Objects ResourceMirror::ObjectsAfter(absl::string_view prefix, absl::string_view after) const {
  Objects some;
  some.items.reserve(kObjectsAtOnce);
  size_t bytes = 0;
  const std::lock_guard lock(mu_);
  auto it = after.empty() ? objects_.lower_bound(prefix) : objects_.upper_bound(after);
  const auto more = [&] { return it != objects_.end() && absl::StartsWith(it->first, prefix); };
  for (; more() && some.items.size() < kObjectsAtOnce && bytes < kObjectBytesAtOnce; ++it) {
    bytes += it->second->bytes.size();
    some.items.push_back(it->second);
  }
  some.last = !more();
  some.as_of = last_change_;
  some.events_end = events_end_;
  init_events += some.items.size();
  return some;
}

ResourceMirror::Batch ResourceMirror::EventsFrom(int64_t place, Watcher* sleeper) {
  const std::lock_guard lock(mu_);
  if (place < events_begin_) return nullptr;
  const int64_t end = std::min<int64_t>(events_end_, place + kEventsAtOnce);
  if (place == end && sleeper != nullptr && sleeper->place_asleep == Watcher::kNowhere &&
      sleeper->place_in_all != Watcher::kNowhere) {
    sleeper->place_asleep = asleep_.size();
    asleep_.push_back(watchers_[sleeper->place_in_all]);
  }
  if (batch_ != nullptr && batch_begin_ == place && batch_begin_ + static_cast<int64_t>(batch_->size()) == end) {
    return batch_;
  }
  const auto first = history_.begin() + (place - events_begin_);
  batch_ = std::make_shared<const std::vector<EventPtr>>(first, first + (end - place));
  batch_begin_ = place;
  return batch_;
}

namespace {

// The last one takes the place of the one that goes.
void Leave(Watchers& watchers, size_t Watcher::*place, Watcher& who) {
  const size_t at = std::exchange(who.*place, Watcher::kNowhere);
  if (at == Watcher::kNowhere) return;
  if (at + 1 != watchers.size()) {
    watchers[at] = std::move(watchers.back());
    watchers[at].get()->*place = at;
  }
  watchers.pop_back();
}

}  // namespace

void ResourceMirror::Unregister(Watcher& watcher) {
  const std::lock_guard lock(mu_);
  Leave(asleep_, &Watcher::place_asleep, watcher);
  Leave(watchers_, &Watcher::place_in_all, watcher);
}

Watchers ResourceMirror::watchers() const {
  const std::lock_guard lock(mu_);
  return watchers_;
}

size_t ResourceMirror::watcher_count() const {
  const std::lock_guard lock(mu_);
  return watchers_.size();
}

Watchers ResourceMirror::TakeSleepers() {
  const std::lock_guard lock(mu_);
  for (const std::shared_ptr<Watcher>& watcher : asleep_) watcher->place_asleep = Watcher::kNowhere;
  return std::exchange(asleep_, {});
}

}  // namespace apiserver::cache
