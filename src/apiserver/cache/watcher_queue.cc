#include "apiserver/cache/watcher_queue.h"

#include <algorithm>

namespace apiserver::cache {

Watcher::Watcher(WatchRequest r, std::unique_ptr<WatchSink> sink, absl::Time now)
    : request(std::move(r)), sink_(std::move(sink)), deadline_(now + request.timeout) {}

void Watcher::SendInitial(std::vector<EntryPtr> state, std::vector<EventPtr> past, int64_t state_revision,
                          bool initial_bookmark) {
  const std::lock_guard lock(mu_);
  for (EntryPtr& entry : state) {
    if (sink_ == nullptr) return;
    if (!request.filter.Matches(*entry)) continue;
    const Event added(EventType::kAdded, std::move(entry), nullptr, 0);
    if (!sink_->OnEvent(added, {EventType::kAdded, added.object})) sink_ = nullptr;
  }
  sent_ = state_revision;
  if (initial_bookmark && sink_ != nullptr && !sink_->OnBookmark(state_revision, true)) sink_ = nullptr;
  for (const EventPtr& event : past) DeliverLocked(event);
  for (const EventPtr& event : waiting_) DeliverLocked(event);
  waiting_.clear();
  live_ = true;
}

void Watcher::Deliver(const EventPtr& event) {
  const std::lock_guard lock(mu_);
  if (!live_) {
    waiting_.push_back(event);
  } else {
    DeliverLocked(event);
  }
}

void Watcher::DeliverLocked(const EventPtr& event) {
  if (sink_ == nullptr || event->revision <= request.after_revision) return;
  const Filter& filter = request.filter;
  const bool now = event->type != EventType::kDeleted && filter.Matches(*event->object);
  const bool before = event->previous != nullptr && filter.Matches(*event->previous);
  Event::View view{event->type, event->object};
  if (now) {
    view.type = before ? EventType::kModified : EventType::kAdded;
  } else if (before) {
    view.type = EventType::kDeleted;
    if (event->type != EventType::kDeleted) view.object = event->Left();
  } else {
    return;
  }
  sent_ = std::max(sent_, event->revision);
  if (!sink_->OnEvent(*event, view)) sink_ = nullptr;
}

void Watcher::Bookmark(int64_t revision) {
  const std::lock_guard lock(mu_);
  if (!live_ || sink_ == nullptr) return;
  sent_ = std::max(sent_, revision);
  if (!sink_->OnBookmark(sent_, false)) sink_ = nullptr;
}

void Watcher::End(absl::Status status) {
  const std::lock_guard lock(mu_);
  if (sink_ == nullptr) return;
  sink_->OnEnd(std::move(status));
  sink_ = nullptr;
}

void Watcher::Drop() {
  const std::lock_guard lock(mu_);
  sink_ = nullptr;
}

bool Watcher::ended() const {
  const std::lock_guard lock(mu_);
  return sink_ == nullptr;
}

}  // namespace apiserver::cache
