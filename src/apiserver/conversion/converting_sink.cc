// Watches of a version that is not the stored one.
#include <deque>
#include <mutex>

#include "apiserver/conversion/converter.h"
#include "base/status_macros.h"

namespace apiserver::conversion {
namespace {

using apimachinery::Value;
using apimachinery::structural::Version;

constexpr size_t kMaxWaiting = 100000;  // events; entries are shared with the cache

struct Item {
  enum class What { kEvent, kBookmark, kEnd } what = What::kEvent;
  cache::EventType type = cache::EventType::kAdded;
  cache::EntryPtr object;
  int64_t revision = 0;
  bool initial_end = false;
  absl::Status status;
};

// Lives on while one of the converter's threads works for it.
struct Strand : std::enable_shared_from_this<Strand> {
  Strand(Converter& c, apimachinery::structural::DefinitionPtr d, const Version& v, std::unique_ptr<cache::WatchSink> i)
      : converter(c), definition(std::move(d)), to(v), inner(std::move(i)) {}

  bool Push(Item item) {
    const std::lock_guard lock(mu);
    if (dead) return false;
    if (waiting.size() >= kMaxWaiting) {
      dead = true;
      return false;
    }
    waiting.push_back(std::move(item));
    if (running) return true;
    running = converter.Run([self = shared_from_this()] { self->Work(); });
    dead = !running;
    return running;
  }

  void Work() {
    while (true) {
      std::deque<Item> batch;
      {
        const std::lock_guard lock(mu);
        if (waiting.empty() || dead) {
          running = false;
          return;
        }
        batch.swap(waiting);
      }
      const absl::Status converted = ConvertAll(batch);
      const std::lock_guard delivering(deliver);
      if (closed) return;
      bool going = true;
      if (converted.ok()) {
        for (const Item& item : batch) going = going && Deliver(item);
      } else {
        inner->OnEnd(converted);
        going = false;
      }
      if (going) continue;
      const std::lock_guard lock(mu);
      dead = true;
    }
  }

  absl::Status ConvertAll(std::deque<Item>& batch) {
    std::vector<Value> trees;
    std::vector<Item*> foreign;
    for (Item& item : batch) {
      if (item.object == nullptr || item.object->kind == &to.kind) continue;
      trees.push_back(*item.object->Decode());
      foreign.push_back(&item);
    }
    if (foreign.empty()) return absl::OkStatus();
    std::vector<Value*> pointers;
      for (Value& tree : trees) pointers.push_back(&tree);
    RETURN_IF_ERROR(converter.Convert(to, pointers));
    for (size_t i = 0; i < foreign.size(); ++i) foreign[i]->object = EntryOf(to, *foreign[i]->object, trees[i]);
    return absl::OkStatus();
  }

  bool Deliver(const Item& item) {
    switch (item.what) {
      case Item::What::kBookmark: return inner->OnBookmark(item.revision, item.initial_end);
      case Item::What::kEnd: inner->OnEnd(item.status); return false;
      case Item::What::kEvent: break;
    }
    const cache::Event event(item.type, item.object, nullptr, item.revision);
    return inner->OnEvent(event, {item.type, item.object});
  }

  Converter& converter;
  const apimachinery::structural::DefinitionPtr definition;
  const Version& to;
  std::mutex deliver;  // before mu
  const std::unique_ptr<cache::WatchSink> inner;  // under deliver
  bool closed = false;                            // under deliver
  std::mutex mu;
  std::deque<Item> waiting;  // under mu
  bool running = false;      // under mu: a thread is, or will be, at work
  bool dead = false;         // under mu: nothing more is delivered
};

class Sink final : public cache::WatchSink {
 public:
  explicit Sink(std::shared_ptr<Strand> strand) : strand_(std::move(strand)) {}
  ~Sink() override {
    if (ended_) return;  // what the cache has told is still to be delivered
    const std::lock_guard lock(strand_->deliver);
    strand_->closed = true;
  }
  bool OnEvent(const cache::Event& event, const cache::Event::View& view) override {
    return strand_->Push({Item::What::kEvent, view.type, view.object, event.revision});
  }
  bool OnBookmark(int64_t revision, bool initial_end) override {
    return strand_->Push({Item::What::kBookmark, {}, nullptr, revision, initial_end});
  }
  void OnEnd(absl::Status status) override {
    ended_ = strand_->Push({Item::What::kEnd, {}, nullptr, 0, false, std::move(status)});
  }

 private:
  const std::shared_ptr<Strand> strand_;
  bool ended_ = false;
};

}  // namespace

cache::EntryPtr EntryOf(const Version& to, const cache::Entry& entry, const Value& tree) {
  auto out = std::make_shared<cache::Entry>();
  out->kind = &to.kind;
  out->definition = entry.definition;
  out->key = entry.key;
  out->revision = entry.revision;
  out->bytes = cache::EntryBytes(to.kind, tree);
  return out;
}

std::unique_ptr<cache::WatchSink> ConvertingSink(Converter& converter, apimachinery::structural::DefinitionPtr definition,
                                                 const Version& to, std::unique_ptr<cache::WatchSink> inner) {
  return std::make_unique<Sink>(std::make_shared<Strand>(converter, std::move(definition), to, std::move(inner)));
}

}  // namespace apiserver::conversion
