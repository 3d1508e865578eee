#include "apiserver/registry/change_loop.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "apiserver/pipeline/watch_series.h"
#include "apiserver/registry/read_series.h"
#include "base/clock.h"
#include "base/metrics/queue_series.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

constexpr char kAll[] = "all";  // the one key: a look is at everything
constexpr absl::Duration kRefollow = absl::Seconds(1);  // after the cache could not be followed

}  // namespace

struct ChangeLoop::Impl {
  class Sink final : public cache::WatchSink {
   public:
    Sink(Impl& loop, const Followed& followed, const Resource& resource)
        : loop_(loop), followed_(followed), what_{resource.group(), resource.kind->version, resource.plural()},
          series_(pipeline::WatchSeriesOf({what_[0], what_[1], what_[2]}, kScope)),
          running_(pipeline::LongRunning({"apiserver", what_[0], what_[2], kScope, "", "WATCH", what_[1]})), began_(Now()) {
      running_.Add(1);
    }
    ~Sink() override { running_.Add(-1); }

    bool OnEvent(const cache::Event& event, const cache::Event::View& view) override {
      series_.Count(view.object->bytes.size());
      if (!current_) ++read_;
      if (followed_.noticed) {
        followed_.noticed(event);
      } else {
        loop_.Wake(/*lost=*/false);
      }
      return true;
    }
    bool OnBookmark(int64_t, bool initial_end) override {
      if (!initial_end || std::exchange(current_, true)) return true;
      series_.until_current->Observe(absl::ToDoubleSeconds(Now() - began_));
      CountCacheFetched(what_[0], what_[2], read_);
      CountCacheList(what_[0], what_[2], read_);
      return true;
    }
    void OnEnd(absl::Status) override { loop_.Wake(/*lost=*/true); }

   private:
    static constexpr char kScope[] = "cluster";

    Impl& loop_;
    const Followed& followed_;
    const absl::string_view what_[3];  // group, version, resource: of the resource, which stays
    const pipeline::WatchSeries series_;
    base::Gauge& running_;
    const absl::Duration began_;
    bool current_ = false;  // what there was has been told
    size_t read_ = 0;       // how much that was
  };

  Impl(Registry& r, const std::string& name, std::vector<Followed> f, Look l)
      : registry(r), followed(std::move(f)), look(std::move(l)), series(base::QueueSeries::Of(name)) {}

  static absl::Duration Now() { return base::SystemClock().Monotonic(); }

  absl::Status Follow() {
    tickets.clear();
    for (const Followed& one : followed) {
      const ResourcePtr resource = registry.environment().resources->FindAnyVersion(one.what.group, one.what.resource);
      cache::WatchRequest request;
      request.timeout = absl::InfiniteDuration();
      request.initial_bookmark = true;
      ASSIGN_OR_RETURN(std::unique_ptr<cache::WatchTicket> ticket,
                       registry.environment().cache->Watch(*resource->mirror, std::move(request), std::make_unique<Sink>(*this, one, *resource)));
      tickets.push_back(std::move(ticket));
    }
    return absl::OkStatus();
  }

  void Wake(bool is_lost) {
    {
      const std::lock_guard lock(mu);
      if (!dirty) series.Added(kAll, Now());
      dirty = true;
      lost |= is_lost;
    }
    wake.notify_all();
  }

  // `again`: when to look first although nothing has changed.
  void Run(absl::Duration again) {
    bool follow = false;
    std::unique_lock lock(mu);
    while (true) {
      const auto ready = [this] { return stopping || dirty; };
      if (again == absl::InfiniteDuration()) {
        wake.wait(lock, ready);
      } else {
        wake.wait_for(lock, absl::ToChronoMilliseconds(again), ready);
      }
      if (stopping) return;
      if (!dirty) series.Added(kAll, Now());  // it is time
      dirty = false;
      series.Taken(kAll, Now());
      follow |= std::exchange(lost, false);
      lock.unlock();
      if (follow) follow = !Follow().ok();
      again = look();
      if (follow) again = std::min(again, kRefollow);
      series.Done(kAll, Now());
      if (again != absl::InfiniteDuration()) series.Retried();
      lock.lock();
    }
  }

  Registry& registry;
  const std::vector<Followed> followed;
  const Look look;
  base::QueueSeries& series;
  std::vector<std::unique_ptr<cache::WatchTicket>> tickets;  // Start's, then the thread's, then Stop's
  std::mutex mu;
  std::condition_variable wake;
  bool stopping = false, dirty = false, lost = false;  // under mu
  std::thread thread;
};

ChangeLoop::ChangeLoop(Registry& registry, std::string name, std::vector<Followed> followed, Look look)
    : impl_(std::make_unique<Impl>(registry, name, std::move(followed), std::move(look))) {}

ChangeLoop::~ChangeLoop() { Stop(); }

absl::Status ChangeLoop::Start(bool look_here) {
  RETURN_IF_ERROR(impl_->Follow());
  const absl::Duration again = look_here ? impl_->look() : absl::ZeroDuration();
  impl_->thread = std::thread([impl = impl_.get(), again] { impl->Run(again); });
  return absl::OkStatus();
}

void ChangeLoop::Stop() {
  {
    const std::lock_guard lock(impl_->mu);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->tickets.clear();
}

}  // namespace apiserver::registry
