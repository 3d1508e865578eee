// One change in the watch cache, and the frames it was sent as: each encoding is made once for all watchers.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "apiserver/cache/entry.h"

namespace apiserver::cache {

enum class EventType : uint8_t { kAdded, kModified, kDeleted, kBookmark };
absl::string_view EventTypeName(EventType type);  // "ADDED"

// Thread-safe.
class Event {
 public:
  Event(EventType type, EntryPtr object, EntryPtr previous, int64_t revision)
      : type(type), object(std::move(object)), previous(std::move(previous)), revision(revision) {}

  const EventType type;
  const EntryPtr object;    // as it is now; of a deletion: as it was, at the revision of the deletion
  const EntryPtr previous;  // nullptr for an object that is new
  const int64_t revision;

  // What a watcher is told: the change as its filter sees it, and the object to show.
  struct View {
    EventType type;
    EntryPtr object;
  };
  // The object before the change at this revision: shown to watchers whose filter it left.
  EntryPtr Left() const;

  using Frame = std::shared_ptr<const std::string>;
  // The frame of `format` (numbers are the doors' affair) for `view`; made by `encode` at the first call.
  Frame Encoded(uint32_t format, const View& view, absl::FunctionRef<std::string()> encode) const;
  void DropFrames() const;  // when nearly everybody has seen the event

 private:
  struct Slot {
    uint64_t key;
    Frame frame;
  };
  mutable std::mutex mu_;
  mutable std::vector<Slot> frames_;
  mutable EntryPtr left_;
};
using EventPtr = std::shared_ptr<const Event>;

// How often frames were made and how often they were handed out: proof that encoding happens once.
struct FrameCounters {
  uint64_t encoded, served;
};
FrameCounters FrameCounts();

}  // namespace apiserver::cache
