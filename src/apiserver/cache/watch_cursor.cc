#include "apiserver/cache/watch_cursor.h"

#include <algorithm>

#include "apiserver/cache/mirror.h"

namespace apiserver::cache {
namespace {

// Events that came meanwhile are told in the middle of a long state before they are forgotten.
constexpr int64_t kEventsBehind = 512;

}  // namespace

Watcher::Watcher(ResourceMirror& mirror, WatchRequest r, std::unique_ptr<WatchSink> sink, absl::Time now)
    : request(std::move(r)), mirror_(mirror), deadline_(now + request.timeout), sink_(std::move(sink)),
      in_state_(request.after_revision == -1), initial_end_due_(request.initial_bookmark) {}

void Watcher::Wake() {
  const std::lock_guard lock(wake_mu_);
  if (sink_ != nullptr) sink_->OnNews(shared_from_this());
}

void Watcher::Run() {
  const std::lock_guard lock(mu_);
  if (over_ || !TellStateLocked() || !TellEventsLocked(true)) return;
  if (!initial_end_due_) return;
  initial_end_due_ = false;
  over_ = !sink_->OnBookmark(told_, true);
}

bool Watcher::TellStateLocked() {
  const std::string prefix = request.filter.ns.empty() ? "" : request.filter.ns + "/";
  while (in_state_) {
    ResourceMirror::Objects objects = mirror_.ObjectsAfter(prefix, cursor_);
    if (!objects.items.empty()) cursor_ = objects.items.back()->key;
    if (windows_.empty() || windows_.back().as_of != objects.as_of) windows_.push_back({"", false, objects.as_of});
    windows_.back().last_key = cursor_;
    windows_.back().to_the_end = objects.last;
    in_state_ = !objects.last;
    for (EntryPtr& entry : objects.items) {
      if (!request.filter.Matches(*entry)) continue;
      const Event added(EventType::kAdded, std::move(entry), nullptr, 0);
      if (!sink_->OnEvent(added, {EventType::kAdded, added.object})) {
        over_ = true;
        return false;
      }
    }
    if (!in_state_) break;
    if (objects.events_end - position_ > kEventsBehind && !TellEventsLocked(false)) return false;
    if (PauseWhenFullLocked()) return false;
  }
  return true;
}

bool Watcher::TellEventsLocked(bool then_sleep) {
  while (true) {
    const ResourceMirror::Batch batch = mirror_.EventsFrom(position_, then_sleep ? this : nullptr);
    if (batch == nullptr) {
      EndLocked(absl::ResourceExhaustedError("watch client is too slow"));
      return false;
    }
    if (batch->empty()) return true;
    for (const EventPtr& event : *batch) {
      if (PauseWhenFullLocked()) return false;
      ++position_;
      if (event->revision <= request.after_revision) continue;  // the watch begins in the future
      if (!ShownByStateLocked(*event) && !TellLocked(event)) {
        over_ = true;
        return false;
      }
      told_ = std::max(told_, event->revision);
    }
  }
}

bool Watcher::PauseWhenFullLocked() {
  if (!sink_->Full()) return false;
  sink_->OnFull(shared_from_this());
  return true;
}

// Also of objects that the state has yet to show.
bool Watcher::ShownByStateLocked(const Event& event) {
  if (windows_.empty()) return false;
  while (windows_.size() > 1 && windows_[1].as_of < event.revision) windows_.pop_front();
  for (const Window& window : windows_) {
    if (!window.to_the_end && event.object->key > window.last_key) continue;
    const bool shown = event.revision <= window.as_of;
    if (!shown && window.to_the_end && windows_.size() == 1) windows_.clear();  // all that follows is newer
    return shown;
  }
  return true;
}

bool Watcher::TellLocked(const EventPtr& event) {
  const Filter& filter = request.filter;
  const bool now = event->type != EventType::kDeleted && filter.Matches(*event->object);
  const bool before = event->previous != nullptr && filter.Matches(*event->previous);
  if (now) return sink_->OnEvent(*event, {before ? EventType::kModified : EventType::kAdded, event->object});
  if (!before) return true;
  return sink_->OnEvent(*event, {EventType::kDeleted, event->type == EventType::kDeleted ? event->object : event->Left()});
}

bool Watcher::Bookmark(int64_t revision) {
  const std::lock_guard lock(mu_);
  if (over_) return true;
  if (in_state_ || initial_end_due_ || position_ != mirror_.events_end()) return false;
  told_ = std::max(told_, revision);
  over_ = !sink_->OnBookmark(told_, false);
  return true;
}

void Watcher::EndWhenForgotten() {
  const std::lock_guard lock(mu_);
  if (position_ < mirror_.events_begin()) EndLocked(absl::ResourceExhaustedError("watch client is too slow"));
}

void Watcher::End(absl::Status status) {
  const std::lock_guard lock(mu_);
  EndLocked(std::move(status));
}

void Watcher::EndLocked(absl::Status status) {
  if (over_) return;
  over_ = true;
  sink_->OnEnd(std::move(status));
}

void Watcher::Drop() {
  const std::lock_guard asleep(wake_mu_);
  const std::lock_guard lock(mu_);
  over_ = true;
  sink_ = nullptr;
}

}  // namespace apiserver::cache
