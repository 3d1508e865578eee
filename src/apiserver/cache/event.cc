#include "apiserver/cache/event.h"

#include <atomic>

namespace apiserver::cache {
namespace {

std::atomic<uint64_t> frames_encoded{0}, frames_served{0};

}  // namespace

absl::string_view EventTypeName(EventType type) {
  switch (type) {
    case EventType::kAdded: return "ADDED";
    case EventType::kModified: return "MODIFIED";
    case EventType::kDeleted: return "DELETED";
    case EventType::kBookmark: return "BOOKMARK";
  }
  return "";
}

EntryPtr Event::Left() const {
  if (previous == nullptr) return object;
  const std::lock_guard lock(mu_);
  if (left_ == nullptr) left_ = AtRevision(*previous, revision);
  return left_;
}

Event::Frame Event::Encoded(uint32_t format, const View& view, absl::FunctionRef<std::string()> encode) const {
  const uint64_t key = static_cast<uint64_t>(format) << 16 | static_cast<uint64_t>(view.type) << 1 |
                       (view.object == object ? 0 : 1);
  ++frames_served;
  const std::lock_guard lock(mu_);
  for (const Slot& slot : frames_) {
    if (slot.key == key) return slot.frame;
  }
  ++frames_encoded;
  frames_.push_back({key, std::make_shared<const std::string>(encode())});
  return frames_.back().frame;
}

void Event::DropFrames() const {
  std::vector<Slot> dropped;
  const std::lock_guard lock(mu_);
  dropped.swap(frames_);
  left_ = nullptr;
}

FrameCounters FrameCounts() { return {frames_encoded.load(), frames_served.load()}; }

}  // namespace apiserver::cache
