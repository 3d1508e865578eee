#include "apiserver/cache/cache.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/container/flat_hash_map.h"
#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "apiserver/cache/freshness.h"
#include "apiserver/cache/mirror.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace apiserver::cache {
namespace {

// The last bookmark comes right before the end, so that the client's next watch begins as near to now as can be.
constexpr absl::Duration kLastBookmark = absl::Seconds(2);

absl::Time NextBookmark(const Watcher& watcher, absl::Time now, absl::Duration every) {
  const absl::Time last = watcher.deadline() - kLastBookmark, usual = now + every;
  return last > now ? std::min(last, usual) : usual;
}

constexpr absl::Duration kFreshPatience = absl::Seconds(3);

class CacheImpl final : public Cache {
 public:
  CacheImpl(store::Store& store, std::vector<std::string> prefixes, CacheOptions options)
      : store_(store), options_(options) {
    auto mirrors = std::make_shared<MirrorMap>();
    for (std::string& prefix : prefixes) {
      if (mirrors->find(prefix) != mirrors->end()) continue;
      auto mirror = std::make_shared<ResourceMirror>(prefix, options_);
      mirrors->emplace(std::move(prefix), std::move(mirror));
    }
    mirrors_ = std::move(mirrors);
  }
  ~CacheImpl() override { Stop(); }

  absl::Status Start() override {
    RETURN_IF_ERROR(Load());
    Follow();
    Freshness::Ports ports;
    ports.ask = [&store = store_](std::function<void(absl::StatusOr<int64_t>)> answer) { store.AskRevision(std::move(answer)); };
    ports.shown = [this] { return revision_.load(); };
    ports.wait = [this](int64_t revision) {
      return revision < 0 ? WaitFresh(kFreshPatience) : WaitFor(revision, kFreshPatience);
    };
    freshness_ = std::make_shared<Freshness>(std::move(ports));
    ticker_ = std::thread([this] { Tick(); });
    return absl::OkStatus();
  }

  void Stop() override {
    {
      const std::lock_guard lock(mu_);
      if (stopping_) return;
      stopping_ = true;
    }
    changed_.notify_all();
    tick_.notify_all();
    if (ticker_.joinable()) ticker_.join();
    if (freshness_ != nullptr) freshness_->Stop();
    std::unique_ptr<store::WatchHandle> feed;
    {
      const std::lock_guard lock(mu_);
      feed = std::move(feed_);
    }
    feed.reset();
    const std::shared_ptr<const MirrorMap> mirrors = Mirrors();
    for (const auto& [prefix, mirror] : *mirrors) EndWatches(*mirror, absl::OkStatus());
  }

  bool ready() const override { return ready_.load(); }

  MirrorPtr Find(absl::string_view prefix) const override {
    const std::shared_ptr<const MirrorMap> mirrors = Mirrors();
    const auto it = mirrors->find(prefix);
    return it == mirrors->end() ? nullptr : it->second;
  }

  absl::StatusOr<MirrorPtr> Open(apimachinery::structural::DefinitionPtr definition) override {
    const std::lock_guard loading(load_mu_);
    const std::string prefix = definition->storage_prefix;
    auto mirror = std::make_shared<ResourceMirror>(prefix, options_, std::move(definition), /*loading=*/true);
    const std::shared_ptr<ResourceMirror> before = Replace(prefix, mirror);  // from here on the feed fills it
    const std::string base = absl::StrCat(kRegistryPrefix, prefix, "/");
    absl::btree_map<std::string, EntryPtr> objects;
    const absl::StatusOr<int64_t> revision = store_.List(base, "", 0, store::kWholeRead, [&](store::KeyValue kv) {
      const absl::string_view below = absl::StripPrefix(kv.key, base);
      if (EntryPtr entry = mirror->Decode(below, kv.value, kv.mod_revision)) objects.emplace(below, std::move(entry));
      return true;
    });
    if (!revision.ok()) {
      Replace(prefix, before);
      return revision.status();
    }
    mirror->Reset(std::move(objects), *revision);
    if (before != nullptr) EndWatches(*before, absl::OkStatus());
    return mirror;
  }

  void Close(absl::string_view prefix) override {
    const std::lock_guard loading(load_mu_);
    if (const auto before = Replace(std::string(prefix), nullptr)) EndWatches(*before, absl::OkStatus());
  }

  EntryPtr Decode(const ResourceMirror& resource, absl::string_view key, absl::string_view value,
                  int64_t revision) const override {
    return resource.Decode(key, value, revision);
  }

  int64_t revision() const override { return revision_.load(); }

  absl::Status WaitFor(int64_t revision, absl::Duration timeout) override {
    if (revision_.load() >= revision) return absl::OkStatus();
    const auto give_up = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
    auto poke_after = std::chrono::milliseconds(5);
    std::unique_lock lock(mu_);
    while (revision_.load() < revision) {
      if (stopping_ || std::chrono::steady_clock::now() >= give_up) {
        return absl::DeadlineExceededError(absl::StrCat("Too large resource version: ", revision, ", current: ",
                                                        revision_.load()));
      }
      const bool moved = changed_.wait_for(lock, poke_after, [&] { return stopping_ || revision_.load() >= revision; });
      if (moved) continue;
      // Revisions outside /registry/ bring no event: ask how far the watch has come.
      poke_after = std::chrono::milliseconds(100);
      if (feed_ != nullptr) feed_->RequestProgress();
    }
    return absl::OkStatus();
  }

  absl::Status WaitFresh(absl::Duration timeout) override {
    ASSIGN_OR_RETURN(const int64_t revision, FreshRevision());
    return WaitFor(revision, timeout);
  }

  bool WhenFresh(std::function<void(absl::Status)> done) override {
    return freshness_ != nullptr && freshness_->When(std::move(done));
  }

  EntryPtr Get(const ResourceMirror& resource, absl::string_view key) const override { return resource.Get(key); }

  Listing List(const ResourceMirror& resource, absl::string_view key_prefix) const override {
    Listing listing;
    const int64_t before = revision_.load();
    int64_t last_change = 0;
    listing.items = resource.List(key_prefix, &last_change);
    listing.revision = std::max(before, last_change);
    return listing;
  }

  uint64_t Generation(const ResourceMirror& resource) const override { return resource.generation(); }
  size_t Count(const ResourceMirror& resource) const override { return resource.Count(); }
  size_t Bytes(const ResourceMirror& resource) const override { return resource.Bytes(); }
  Traffic TrafficOf(const ResourceMirror& resource) const override {
    return {resource.events_received.load(), resource.events_dispatched.load(), resource.init_events.load(),
            resource.initializations.load(), resource.objects_read.load()};
  }
  size_t watchers() const override { return watcher_count_.load(); }
  size_t WatchersOf(const ResourceMirror& resource) const override { return resource.watcher_count(); }
  uint64_t bookmarks() const override { return bookmarks_.load(); }

  absl::StatusOr<std::unique_ptr<WatchTicket>> Watch(const ResourceMirror& resource, WatchRequest request,
                                                     std::unique_ptr<WatchSink> sink) override {
    auto& mirror = const_cast<ResourceMirror&>(resource);
    const auto kept = std::const_pointer_cast<ResourceMirror>(resource.shared_from_this());
    const bool bookmarks = request.bookmarks;
    auto watcher = std::make_shared<Watcher>(mirror, std::move(request), std::move(sink), absl::Now());
    if (bookmarks) {
      const std::lock_guard lock(mu_);
      watcher->next_bookmark = NextBookmark(*watcher, absl::Now(), options_.bookmark_every * absl::Uniform(bits_, 0.9, 1.1));
    }
    int64_t state_revision = 0;
    const int64_t before = revision_.load();
    RETURN_IF_ERROR(mirror.Register(watcher, &state_revision));
    watcher->StateIsOf(watcher->request.after_revision < 0 ? std::max(state_revision, before) : state_revision);
    ++watcher_count_;
    auto ticket = std::make_unique<Ticket>(this, kept, watcher);
    watcher->Run();
    return ticket;
  }

 private:
  using MirrorMap = absl::flat_hash_map<std::string, std::shared_ptr<ResourceMirror>>;

  std::shared_ptr<const MirrorMap> Mirrors() const {
    const std::lock_guard lock(mirrors_mu_);
    return mirrors_;
  }

  // Puts another mirror (nullptr: none) in place of a prefix's; answers the one that was there.
  std::shared_ptr<ResourceMirror> Replace(const std::string& prefix, std::shared_ptr<ResourceMirror> mirror) {
    const std::lock_guard lock(mirrors_mu_);
    auto changed = std::make_shared<MirrorMap>(*mirrors_);
    std::shared_ptr<ResourceMirror> before;
    if (const auto it = changed->find(prefix); it != changed->end()) before = it->second;
    if (mirror != nullptr) {
      (*changed)[prefix] = std::move(mirror);
    } else {
      changed->erase(prefix);
    }
    mirrors_ = std::move(changed);
    return before;
  }

  static void EndWatches(const ResourceMirror& mirror, const absl::Status& status) {
    for (const std::shared_ptr<Watcher>& watcher : mirror.watchers()) watcher->End(status);
  }

  struct Ticket final : WatchTicket {
    Ticket(CacheImpl* cache, std::shared_ptr<ResourceMirror> mirror, std::shared_ptr<Watcher> watcher)
        : cache(cache), mirror(std::move(mirror)), watcher(std::move(watcher)) {}
    ~Ticket() override {
      watcher->Drop();
      mirror->Unregister(*watcher);
      --cache->watcher_count_;
    }
    CacheImpl* const cache;
    const std::shared_ptr<ResourceMirror> mirror;
    const std::shared_ptr<Watcher> watcher;
  };

  // The mirror that a store key belongs to, and the key below its prefix.
  static ResourceMirror* Locate(const MirrorMap& mirrors, absl::string_view key, absl::string_view* below) {
    if (!absl::ConsumePrefix(&key, kRegistryPrefix)) return nullptr;
    size_t slash = key.find('/');
    for (int depth = 0; depth < 2 && slash != absl::string_view::npos; ++depth) {
      const auto it = mirrors.find(key.substr(0, slash));
      if (it != mirrors.end()) {
        *below = key.substr(slash + 1);
        return it->second.get();
      }
      slash = key.find('/', slash + 1);
    }
    return nullptr;
  }

  absl::Status Load() {
    const std::lock_guard loading(load_mu_);
    const std::shared_ptr<const MirrorMap> mirrors = Mirrors();
    absl::flat_hash_map<ResourceMirror*, absl::btree_map<std::string, EntryPtr>> loaded;
    size_t count = 0;
    ASSIGN_OR_RETURN(const int64_t revision,
                     store_.List(kRegistryPrefix, "", 0, store::kWholeRead, [&](store::KeyValue kv) {
                       absl::string_view below;
                       ResourceMirror* mirror = Locate(*mirrors, kv.key, &below);
                       if (mirror == nullptr) return true;
                       if (EntryPtr entry = mirror->Decode(below, kv.value, kv.mod_revision)) {
                         loaded[mirror].emplace(std::string(below), std::move(entry));
                         ++count;
                       } else {
                         base::LogWarning("unreadable object in the store key=", kv.key);
                       }
                       return true;
                     }));
    for (const auto& [prefix, mirror] : *mirrors) mirror->Reset(std::move(loaded[mirror.get()]), revision);
    Advance(revision);
    ready_ = true;
    base::LogInfo("watch cache loaded objects=", count, " revision=", revision);
    return absl::OkStatus();
  }

  void Follow() {
    store::WatchSink sink;
    sink.on_events = [this](std::vector<store::Event> events) { OnEvents(std::move(events)); };
    sink.on_progress = [this](int64_t revision) {
      ++bookmarks_;
      Advance(revision);
    };
    sink.on_compacted = [this] {
      const std::lock_guard lock(mu_);
      reload_ = true;
      tick_.notify_all();
    };
    auto feed = store_.Watch(std::string(kRegistryPrefix), revision_.load(), std::move(sink));
    const std::lock_guard lock(mu_);
    feed_ = std::move(feed);
  }

  void OnEvents(std::vector<store::Event> events) {
    std::vector<ResourceMirror*> told;
    const int64_t revision = events.back().kv.mod_revision;
    const std::shared_ptr<const MirrorMap> mirrors = Mirrors();
    for (store::Event& e : events) {
      absl::string_view below;
      ResourceMirror* mirror = Locate(*mirrors, e.kv.key, &below);
      if (mirror == nullptr) continue;
      EntryPtr entry;
      if (!e.deleted) {
        entry = mirror->Decode(below, e.kv.value, e.kv.mod_revision);
        if (entry == nullptr) continue;
      }
      ++mirror->events_received;
      if (!mirror->Apply(below, std::move(entry), e.kv.mod_revision)) continue;
      ++mirror->events_dispatched;
      if (std::find(told.begin(), told.end(), mirror) == told.end()) told.push_back(mirror);
    }
    // Readers first: a consistent read must not wait for slow fan-out.
    Advance(revision);
    for (ResourceMirror* mirror : told) {
      for (const std::shared_ptr<Watcher>& watcher : mirror->TakeSleepers()) watcher->Wake();
    }
  }

  void Advance(int64_t revision) {
    {
      const std::lock_guard lock(mu_);
      if (revision > revision_.load()) revision_ = revision;
    }
    changed_.notify_all();
  }

  // The store's revision as of some moment after the call began; calls that overlap share one question.
  absl::StatusOr<int64_t> FreshRevision() {
    std::unique_lock lock(fresh_mu_);
    const uint64_t wanted = fresh_started_ + 1;  // a question that starts from now on
    while (true) {
      if (fresh_finished_ >= wanted) return fresh_answer_;
      if (fresh_started_ == fresh_finished_) {
        const uint64_t mine = ++fresh_started_;
        lock.unlock();
        absl::StatusOr<int64_t> answer = store_.Revision();
        lock.lock();
        fresh_finished_ = mine;
        fresh_answer_ = std::move(answer);
        fresh_done_.notify_all();
        continue;
      }
      fresh_done_.wait(lock);
    }
  }

  // Time: bookmarks, ends of watches, and the new beginning after lost history.
  void Tick() {
    while (true) {
      {
        std::unique_lock lock(mu_);
        tick_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_ || reload_; });
        if (stopping_) return;
        if (!reload_) {
          lock.unlock();
          Housekeeping();
          continue;
        }
        reload_ = false;
      }
      Reload();
    }
  }

  void Housekeeping() {
    const absl::Time now = absl::Now();
    freshness_->Tick(now);
    const int64_t revision = revision_.load();
    const std::shared_ptr<const MirrorMap> mirrors = Mirrors();
    for (const auto& [prefix, mirror] : *mirrors) {
      for (const std::shared_ptr<Watcher>& watcher : mirror->watchers()) {
        watcher->EndWhenForgotten();
        if (now >= watcher->deadline()) {
          watcher->End(absl::OkStatus());
        } else if (now >= watcher->next_bookmark && watcher->Bookmark(revision)) {
          watcher->next_bookmark = NextBookmark(*watcher, now, options_.bookmark_every);
        }
      }
    }
  }

  void Reload() {
    base::LogWarning("watch cache lost the store's history, reading everything again");
    ready_ = false;
    {
      std::unique_ptr<store::WatchHandle> feed;
      const std::lock_guard lock(mu_);
      feed.swap(feed_);
      dead_feeds_.push_back(std::move(feed));  // its thread has ended; joined at the end
    }
    const std::shared_ptr<const MirrorMap> mirrors = Mirrors();
    for (const auto& [prefix, mirror] : *mirrors) EndWatches(*mirror, absl::OutOfRangeError("history was compacted"));
    while (!Load().ok()) {
      std::unique_lock lock(mu_);
      if (tick_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; })) return;
    }
    Follow();
  }

  store::Store& store_;
  const CacheOptions options_;
  std::mutex load_mu_;  // one reading of the store at a time; before all other locks
  mutable std::mutex mirrors_mu_;
  std::shared_ptr<const MirrorMap> mirrors_;  // under mirrors_mu_; replaced, never changed
  std::atomic<bool> ready_{false};
  std::atomic<int64_t> revision_{0};
  std::atomic<size_t> watcher_count_{0};
  std::atomic<uint64_t> bookmarks_{0};
  absl::InsecureBitGen bits_;  // under mu_

  mutable std::mutex mu_;
  std::condition_variable changed_;  // the revision
  std::condition_variable tick_;     // what the ticker has to know
  bool stopping_ = false, reload_ = false;
  std::unique_ptr<store::WatchHandle> feed_;
  std::vector<std::unique_ptr<store::WatchHandle>> dead_feeds_;

  std::mutex fresh_mu_;
  std::condition_variable fresh_done_;
  uint64_t fresh_started_ = 0, fresh_finished_ = 0;
  absl::StatusOr<int64_t> fresh_answer_ = 0;

  std::shared_ptr<Freshness> freshness_;  // set by Start
  std::thread ticker_;
};

}  // namespace

std::unique_ptr<Cache> Cache::Create(store::Store& store, std::vector<std::string> prefixes, CacheOptions options) {
  return std::make_unique<CacheImpl>(store, std::move(prefixes), options);
}

}  // namespace apiserver::cache
