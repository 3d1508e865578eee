// Watches of a version that is not the stored one.
#include <deque>
#include <mutex>
#include <utility>

#include "apiserver/conversion/converter.h"
#include "base/status_macros.h"
#include "base/turn.h"

namespace apiserver::conversion {
namespace {

using apimachinery::Value;
using apimachinery::structural::Version;

// What waits to be converted at once, and what may wait meanwhile.
constexpr size_t kBatchItems = 512;
constexpr size_t kBatchBytes = 256 << 10;

struct Item {
  enum class What { kEvent, kBookmark, kEnd } what = What::kEvent;
  cache::EventType type = cache::EventType::kAdded;
  cache::EntryPtr object;
  int64_t revision = 0;
  bool initial_end = false;
  absl::Status status;
};

// Converts and delivers in batches, one after the other, each on a thread of the converter. While the client has enough
// to read it rests; the watch behind it is told more when all it has told is delivered.
// Lives on while one of the converter's threads works for it.
class Strand final : public base::Turn, public std::enable_shared_from_this<Strand> {
 public:
  Strand(Converter& c, apimachinery::structural::DefinitionPtr d, const Version& v, std::unique_ptr<cache::WatchSink> i)
      : converter_(c), definition_(std::move(d)), to_(v), inner_(std::move(i)) {}

  bool Push(Item item) {
    {
      const std::lock_guard lock(mu_);
      if (dead_) return false;
      bytes_ += item.object != nullptr ? item.object->bytes.size() : 0;
      waiting_.push_back(std::move(item));
      if (std::exchange(running_, true)) return true;
    }
    return Schedule();
  }

  bool Full() {
    const std::lock_guard lock(mu_);
    return waiting_.size() >= kBatchItems || bytes_ >= kBatchBytes;
  }

  void WhenDelivered(std::shared_ptr<base::Turn> turn) {
    {
      const std::lock_guard lock(mu_);
      if (dead_) return;
      source_ = std::move(turn);
      if (std::exchange(running_, true)) return;
    }
    Schedule();
  }

  void Run() override { Schedule(); }  // the client has read most of it

  void Close() {
    std::shared_ptr<base::Turn> source;  // its end is outside of the locks
    const std::lock_guard delivering(deliver_);
    inner_ = nullptr;
    const std::lock_guard lock(mu_);
    dead_ = true;
    source.swap(source_);
  }

 private:
  bool Schedule() {
    if (converter_.Run([self = shared_from_this()] { self->Work(); })) return true;
    EndWith(absl::ResourceExhaustedError("too many watches wait for conversion"));
    return false;
  }

  void Work() {
    while (true) {
      std::deque<Item> batch;
      std::shared_ptr<base::Turn> source;
      {
        const std::lock_guard lock(mu_);
        bytes_ = 0;
        batch.swap(waiting_);
        if (batch.empty()) source.swap(source_);
        if (dead_ || (batch.empty() && source == nullptr)) {
          running_ = false;
          return;
        }
      }
      if (source != nullptr) {
        source->Run();
        continue;
      }
      if (const absl::Status converted = ConvertAll(batch); !converted.ok()) return EndWith(converted);
      if (!DeliverAll(batch)) return;
    }
  }

  absl::Status ConvertAll(std::deque<Item>& batch) {
    std::vector<Value> trees;
    std::vector<Item*> foreign;
    for (Item& item : batch) {
      if (item.object == nullptr || item.object->kind == &to_.kind) continue;
      trees.push_back(*item.object->Decode());
      foreign.push_back(&item);
    }
    if (foreign.empty()) return absl::OkStatus();
    std::vector<Value*> pointers;
    for (Value& tree : trees) pointers.push_back(&tree);
    RETURN_IF_ERROR(converter_.Convert(to_, pointers));
    for (size_t i = 0; i < foreign.size(); ++i) foreign[i]->object = EntryOf(to_, *foreign[i]->object, trees[i]);
    return absl::OkStatus();
  }

  // False: it is over, or goes on with the turn that the client gives.
  bool DeliverAll(const std::deque<Item>& batch) {
    const std::lock_guard delivering(deliver_);
    bool going = inner_ != nullptr;
    for (const Item& item : batch) going = going && Deliver(item);
    if (!going) {
      const std::lock_guard lock(mu_);
      dead_ = true;
      return false;
    }
    if (!inner_->Full()) return true;
    inner_->OnFull(shared_from_this());
    return false;
  }

  bool Deliver(const Item& item) {
    switch (item.what) {
      case Item::What::kBookmark: return inner_->OnBookmark(item.revision, item.initial_end);
      case Item::What::kEnd: inner_->OnEnd(item.status); return false;
      case Item::What::kEvent: break;
    }
    const cache::Event event(item.type, item.object, nullptr, item.revision);
    return inner_->OnEvent(event, {item.type, item.object});
  }

  void EndWith(const absl::Status& why) {
    const std::lock_guard delivering(deliver_);
    {
      const std::lock_guard lock(mu_);
      if (std::exchange(dead_, true)) return;
    }
    if (inner_ != nullptr) inner_->OnEnd(why);
  }

  Converter& converter_;
  const apimachinery::structural::DefinitionPtr definition_;
  const Version& to_;
  std::mutex deliver_;  // before mu_
  std::unique_ptr<cache::WatchSink> inner_;  // under deliver_; nullptr: closed
  std::mutex mu_;
  std::deque<Item> waiting_;            // under mu_, like all below
  size_t bytes_ = 0;                    // of the objects that wait
  std::shared_ptr<base::Turn> source_;  // the watch, which waits for what it has told to be delivered
  bool running_ = false;                // a thread is, or will be, at work, or the client will give a turn
  bool dead_ = false;                   // nothing more is delivered
};

class Sink final : public cache::WatchSink {
 public:
  explicit Sink(std::shared_ptr<Strand> strand) : strand_(std::move(strand)) {}
  ~Sink() override { strand_->Close(); }
  bool OnEvent(const cache::Event& event, const cache::Event::View& view) override {
    return strand_->Push({Item::What::kEvent, view.type, view.object, event.revision});
  }
  bool OnBookmark(int64_t revision, bool initial_end) override {
    return strand_->Push({Item::What::kBookmark, {}, nullptr, revision, initial_end});
  }
  void OnEnd(absl::Status status) override {
    strand_->Push({Item::What::kEnd, {}, nullptr, 0, false, std::move(status)});
  }
  bool Full() const override { return strand_->Full(); }
  void OnFull(std::shared_ptr<base::Turn> turn) override { strand_->WhenDelivered(std::move(turn)); }

 private:
  const std::shared_ptr<Strand> strand_;
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
