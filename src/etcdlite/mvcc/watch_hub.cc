#include "etcdlite/mvcc/watch_hub.h"

#include <algorithm>

#include "etcdlite/mvcc/kv_codec.h"

namespace etcdlite::mvcc {
namespace {

// Fields of etcdserverpb.WatchResponse.
enum ResponseField { kHeader = 1, kWatchId = 2, kCreated = 3, kCanceled = 4, kCompactRevision = 5, kCancelReason = 6, kFragment = 7 };

constexpr int64_t kNoWatch = -1;
constexpr size_t kSlowBytes = 8 << 20;     // queued beyond this, a sink's watches fall back to catching up
constexpr size_t kResumeBytes = 2 << 20;   // and go on below this
constexpr size_t kFlushBytes = 1 << 20;    // several commits share an answer up to this size
constexpr size_t kCatchUpChanges = 1000;   // per watch and step

}  // namespace

struct WatchHub::Watcher {
  Stream* stream = nullptr;
  int64_t id = 0;
  WatchOptions options;
  int64_t next = 0;       // first revision not yet seen
  bool synced = false;
  bool reported = false;  // something was sent since the last progress notice
  std::vector<std::string> events;  // encoded, waiting for Flush
  size_t bytes = 0;

  KeyRange range() const { return {options.key, options.end}; }
};

struct WatchHub::Stream {
  std::shared_ptr<WatchSink> sink;
  std::map<int64_t, std::unique_ptr<Watcher>> watchers;
  int64_t next_id = 0;
  bool progress_asked = false;
};

// Encodes each event of one commit at most once per form.
class WatchHub::EventCache {
 public:
  EventCache(const SharedStore& store, const Commit& commit) : store_(store), forms_(commit.changes.size()) {}
  const std::string& Get(const Change& change, bool with_previous) {
    with_previous = with_previous && change.previous.main != 0;
    std::string& form = with_previous ? forms_[change.revision.sub].full : forms_[change.revision.sub].bare;
    if (form.empty()) {
      KvBytes previous;
      if (with_previous) {
        absl::StatusOr<KvBytes> value = store_.Value(change.previous);
        if (value.ok()) previous = *std::move(value);  // compacted meanwhile: left out, as etcd does
      }
      form = EncodeWatchEvent(change.is_delete, *change.kv, previous.get());
    }
    return form;
  }

 private:
  struct Forms {
    std::string bare, full;
  };
  const SharedStore& store_;
  std::vector<Forms> forms_;
};

WatchHub::WatchHub(const SharedStore& store, std::function<std::string(int64_t)> header, size_t fragment_bytes)
    : store_(store), header_(std::move(header)), fragment_bytes_(fragment_bytes), published_(store.revision()) {}

WatchHub::~WatchHub() = default;

std::string WatchHub::Response(int64_t watch_id, int64_t revision) const {
  std::string out;
  AppendLengthDelimited(kHeader, header_(revision), &out);
  AppendInt(kWatchId, watch_id, &out);
  return out;
}

WatchHub::Stream& WatchHub::StreamOf(const std::shared_ptr<WatchSink>& sink) {
  std::unique_ptr<Stream>& stream = streams_[sink.get()];
  if (stream == nullptr) {
    stream = std::make_unique<Stream>();
    stream->sink = sink;
  }
  return *stream;
}

void WatchHub::Create(const std::shared_ptr<WatchSink>& sink, WatchOptions options) {
  if (options.key.empty()) options.key.assign(1, '\0');  // the smallest key there is
  const KeyRange range{options.key, options.end};
  if (!range.single() && !range.unbounded() && options.key >= options.end) {
    Refuse(sink, "mvcc: watcher range is empty");
    return;
  }
  bool late = false;
  {
    std::lock_guard<std::mutex> lock(mu_);
    Stream& stream = StreamOf(sink);
    const int64_t current = std::max(published_, store_.revision());
    int64_t id = options.watch_id;
    if (id == 0) {
      while (stream.watchers.contains(stream.next_id)) ++stream.next_id;
      id = stream.next_id++;
    } else if (stream.watchers.contains(id)) {
      std::string refused = Response(kNoWatch, current);
      AppendBool(kCreated, true, &refused);
      AppendBool(kCanceled, true, &refused);
      AppendLengthDelimited(kCancelReason, "mvcc: duplicate watch ID provided on the WatchStream", &refused);
      sink->Enqueue(std::move(refused));
      id = kNoWatch;
    }
    if (id != kNoWatch) {
      auto owned = std::make_unique<Watcher>();
      Watcher* watcher = owned.get();
      watcher->stream = &stream;
      watcher->id = id;
      watcher->next = options.start_revision > 0 ? options.start_revision : current + 1;
      watcher->options = std::move(options);
      stream.watchers[id] = std::move(owned);
      std::string created = Response(id, current);
      AppendBool(kCreated, true, &created);
      sink->Enqueue(std::move(created));
      if (watcher->next > current) {
        AddSynced(watcher);
      } else {
        unsynced_.insert(watcher);
        late = true;
      }
    }
  }
  sink->Kick();
  if (late) Wake();
}

void WatchHub::SetOnUnsynced(std::function<void()> wake) {
  std::lock_guard<std::mutex> lock(wake_mu_);
  wake_ = std::move(wake);
}

void WatchHub::Wake() {
  std::lock_guard<std::mutex> lock(wake_mu_);
  if (wake_) wake_();
}

void WatchHub::Refuse(const std::shared_ptr<WatchSink>& sink, const std::string& reason) {
  std::string refused = Response(kNoWatch, store_.revision());
  AppendBool(kCreated, true, &refused);
  AppendBool(kCanceled, true, &refused);
  AppendLengthDelimited(kCancelReason, reason, &refused);
  sink->Enqueue(std::move(refused));
  sink->Kick();
}

void WatchHub::Cancel(const std::shared_ptr<WatchSink>& sink, int64_t watch_id) {
  {
    std::lock_guard<std::mutex> lock(mu_);
    const auto stream = streams_.find(sink.get());
    if (stream == streams_.end()) return;
    const auto found = stream->second->watchers.find(watch_id);
    if (found == stream->second->watchers.end()) return;
    Destroy(found->second.get());
    std::string canceled = Response(watch_id, std::max(published_, store_.revision()));
    AppendBool(kCanceled, true, &canceled);
    sink->Enqueue(std::move(canceled));
    SendPendingProgress(*stream->second);
  }
  sink->Kick();
}

void WatchHub::Destroy(Watcher* watcher) {
  if (watcher->synced) {
    RemoveSynced(watcher);
  } else {
    unsynced_.erase(watcher);
  }
  watcher->stream->watchers.erase(watcher->id);
}

void WatchHub::DropSink(const WatchSink* sink) {
  std::lock_guard<std::mutex> lock(mu_);
  const auto found = streams_.find(sink);
  if (found == streams_.end()) return;
  while (!found->second->watchers.empty()) Destroy(found->second->watchers.begin()->second.get());
  if (found->second->progress_asked) --progress_asked_;
  streams_.erase(found);
}

void WatchHub::AddSynced(Watcher* watcher) {
  watcher->synced = true;
  if (watcher->range().single()) {
    by_key_[watcher->options.key].push_back(watcher);
  } else {
    by_range_.push_back(watcher);
  }
}

void WatchHub::RemoveSynced(Watcher* watcher) {
  watcher->synced = false;
  if (!watcher->range().single()) {
    std::erase(by_range_, watcher);
    return;
  }
  const auto found = by_key_.find(watcher->options.key);
  std::erase(found->second, watcher);
  if (found->second.empty()) by_key_.erase(found);
}

void WatchHub::MarkUnsynced(Watcher* watcher, int64_t from) {
  RemoveSynced(watcher);
  watcher->next = from;
  watcher->events.clear();
  watcher->bytes = 0;
  unsynced_.insert(watcher);
}

void WatchHub::Collect(Watcher* watcher, const Change& change, EventCache& cache) {
  if (change.is_delete ? watcher->options.no_delete : watcher->options.no_put) return;
  const std::string& event = cache.Get(change, watcher->options.prev_kv);
  watcher->events.push_back(event);
  watcher->bytes += event.size();
}

void WatchHub::Flush(Watcher* watcher, int64_t revision) {
  if (watcher->events.empty()) return;
  const bool split = watcher->options.fragment && watcher->bytes > fragment_bytes_;
  size_t at = 0;
  while (at < watcher->events.size()) {
    size_t end = at, size = 0;
    while (end < watcher->events.size() && (!split || end == at || size + watcher->events[end].size() <= fragment_bytes_)) {
      size += watcher->events[end++].size();
    }
    std::string response = Response(watcher->id, revision);
    AppendBool(kFragment, end < watcher->events.size(), &response);
    response.reserve(response.size() + size);
    for (; at < end; ++at) response += watcher->events[at];
    watcher->stream->sink->Enqueue(std::move(response));
  }
  watcher->events.clear();
  watcher->bytes = 0;
  watcher->reported = true;
}

void WatchHub::Publish(const std::vector<CommitPtr>& commits) {
  if (commits.empty()) return;
  std::vector<std::shared_ptr<WatchSink>> kick;
  bool late = false;
  {
    std::lock_guard<std::mutex> lock(mu_);
    std::vector<Watcher*> touched;
    for (const CommitPtr& commit : commits) {
      published_ = commit->revision;
      if (by_key_.empty() && by_range_.empty()) continue;
      EventCache cache(store_, *commit);
      std::vector<Watcher*> slow;
      const auto offer = [&](Watcher* watcher, const Change& change) {
        if (change.revision.main < watcher->next || !watcher->range().Contains(change.key)) return;
        if (watcher->events.empty()) {
          if (watcher->stream->sink->QueuedBytes() > kSlowBytes) {
            if (std::find(slow.begin(), slow.end(), watcher) == slow.end()) slow.push_back(watcher);
            return;
          }
          touched.push_back(watcher);
        }
        Collect(watcher, change, cache);
      };
      for (const Change& change : commit->changes) {
        if (const auto found = by_key_.find(change.key); found != by_key_.end()) {
          for (Watcher* watcher : found->second) offer(watcher, change);
        }
        for (Watcher* watcher : by_range_) offer(watcher, change);
      }
      for (Watcher* watcher : slow) MarkUnsynced(watcher, commit->revision);
      late = late || !slow.empty();
      for (Watcher* watcher : touched) {
        if (watcher->bytes > kFlushBytes) Flush(watcher, commit->revision);
      }
    }
    for (Watcher* watcher : touched) {
      if (!watcher->synced) continue;  // became slow within this batch: history will tell
      Flush(watcher, published_);
      if (kick.empty() || kick.back() != watcher->stream->sink) kick.push_back(watcher->stream->sink);
    }
    for (auto it = streams_.begin(); progress_asked_ > 0 && it != streams_.end(); ++it) {
      if (!it->second->progress_asked) continue;
      SendPendingProgress(*it->second);
      kick.push_back(it->second->sink);
    }
  }
  for (const std::shared_ptr<WatchSink>& sink : kick) sink->Kick();
  if (late) Wake();
}

bool WatchHub::HasUnsynced() const {
  std::lock_guard<std::mutex> lock(mu_);
  return !unsynced_.empty();
}

bool WatchHub::CatchUp() {
  struct Job {
    std::shared_ptr<WatchSink> sink;
    int64_t id;
    int64_t from;
  };
  std::vector<Job> jobs;
  {
    std::lock_guard<std::mutex> lock(mu_);
    for (const Watcher* watcher : unsynced_) {
      if (watcher->stream->sink->QueuedBytes() > kResumeBytes) continue;
      jobs.push_back({watcher->stream->sink, watcher->id, watcher->next});
    }
  }
  std::sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.from < b.from; });
  bool more = false;
  int64_t loaded_from = -1, next = 0;
  absl::StatusOr<std::vector<CommitPtr>> history = absl::UnknownError("");
  for (const Job& job : jobs) {
    if (loaded_from != job.from) {  // watches that start together share one read
      history = store_.History(job.from, kCatchUpChanges, &next);
      loaded_from = job.from;
    }
    {
      std::lock_guard<std::mutex> lock(mu_);
      const auto stream = streams_.find(job.sink.get());
      if (stream == streams_.end()) continue;
      const auto found = stream->second->watchers.find(job.id);
      if (found == stream->second->watchers.end()) continue;
      Watcher* watcher = found->second.get();
      if (watcher->synced || watcher->next != job.from) continue;
      if (!history.ok()) {
        std::string canceled = Response(job.id, std::max(published_, store_.revision()));
        AppendBool(kCanceled, true, &canceled);
        if (absl::IsOutOfRange(history.status())) {
          AppendInt(kCompactRevision, store_.compacted(), &canceled);
        } else {
          AppendLengthDelimited(kCancelReason, std::string(history.status().message()), &canceled);
        }
        Destroy(watcher);
        job.sink->Enqueue(std::move(canceled));
      } else {
        for (const CommitPtr& commit : *history) {
          EventCache cache(store_, *commit);
          for (const Change& change : commit->changes) {
            if (change.revision.main >= watcher->next && watcher->range().Contains(change.key)) Collect(watcher, change, cache);
          }
          if (watcher->bytes > kFlushBytes) Flush(watcher, commit->revision);
        }
        Flush(watcher, next - 1);
        watcher->next = next;
        if (next > published_) {
          unsynced_.erase(watcher);
          AddSynced(watcher);
        } else {
          more = true;
        }
      }
      SendPendingProgress(*stream->second);
    }
    job.sink->Kick();
  }
  return more;
}

void WatchHub::SendPendingProgress(Stream& stream) {
  if (!stream.progress_asked) return;
  for (const auto& [id, watcher] : stream.watchers) {
    const bool waits_for_future = watcher->next == watcher->options.start_revision;
    // Answered once all have come this far, and not with a revision older than what one of them has seen.
    if (!watcher->synced || (watcher->next > published_ + 1 && !waits_for_future)) return;
  }
  stream.progress_asked = false;
  --progress_asked_;
  stream.sink->Enqueue(Response(kNoWatch, published_));
}

void WatchHub::RequestProgress(const std::shared_ptr<WatchSink>& sink) {
  {
    std::lock_guard<std::mutex> lock(mu_);
    Stream& stream = StreamOf(sink);
    if (!stream.progress_asked) ++progress_asked_;
    stream.progress_asked = true;
    SendPendingProgress(stream);
  }
  sink->Kick();
}

void WatchHub::NotifyProgress() {
  std::vector<std::shared_ptr<WatchSink>> kick;
  {
    std::lock_guard<std::mutex> lock(mu_);
    for (const auto& [key, stream] : streams_) {
      for (const auto& [id, watcher] : stream->watchers) {
        if (watcher->options.progress_notify && watcher->synced && !watcher->reported &&
            watcher->next <= published_ + 1) {
          stream->sink->Enqueue(Response(id, published_));
          kick.push_back(stream->sink);
        }
        watcher->reported = false;
      }
    }
  }
  for (const std::shared_ptr<WatchSink>& sink : kick) sink->Kick();
}

void WatchHub::Rewind() {
  {
    std::lock_guard<std::mutex> lock(mu_);
    for (const auto& [key, stream] : streams_) {
      for (const auto& [id, watcher] : stream->watchers) {
        if (watcher->synced) MarkUnsynced(watcher.get(), std::max(watcher->next, published_ + 1));
      }
    }
    published_ = store_.revision();
  }
  Wake();
}

size_t WatchHub::watchers() const {
  std::lock_guard<std::mutex> lock(mu_);
  size_t count = 0;
  for (const auto& [key, stream] : streams_) count += stream->watchers.size();
  return count;
}

}  // namespace etcdlite::mvcc
