#include "apiserver/registry/change_loop.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

constexpr absl::Duration kRefollow = absl::Seconds(1);  // after the cache could not be followed

}  // namespace

struct ChangeLoop::Impl {
  class Sink final : public cache::WatchSink {
   public:
    Sink(Impl& loop, const Followed& followed) : loop_(loop), followed_(followed) {}
    bool OnEvent(const cache::Event& event, const cache::Event::View&) override {
      if (followed_.noticed) {
        followed_.noticed(event);
      } else {
        loop_.Wake(/*lost=*/false);
      }
      return true;
    }
    bool OnBookmark(int64_t, bool) override { return true; }
    void OnEnd(absl::Status) override { loop_.Wake(/*lost=*/true); }

   private:
    Impl& loop_;
    const Followed& followed_;
  };

  Impl(Registry& r, std::vector<Followed> f, Look l) : registry(r), followed(std::move(f)), look(std::move(l)) {}

  absl::Status Follow() {
    tickets.clear();
    for (const Followed& one : followed) {
      const ResourcePtr resource = registry.environment().resources->FindAnyVersion(one.what.group, one.what.resource);
      cache::WatchRequest request;
      request.timeout = absl::InfiniteDuration();
      ASSIGN_OR_RETURN(std::unique_ptr<cache::WatchTicket> ticket,
                       registry.environment().cache->Watch(*resource->mirror, std::move(request), std::make_unique<Sink>(*this, one)));
      tickets.push_back(std::move(ticket));
    }
    return absl::OkStatus();
  }

  void Wake(bool is_lost) {
    {
      const std::lock_guard lock(mu);
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
      dirty = false;
      follow |= std::exchange(lost, false);
      lock.unlock();
      if (follow) follow = !Follow().ok();
      again = look();
      if (follow) again = std::min(again, kRefollow);
      lock.lock();
    }
  }

  Registry& registry;
  const std::vector<Followed> followed;
  const Look look;
  std::vector<std::unique_ptr<cache::WatchTicket>> tickets;  // Start's, then the thread's, then Stop's
  std::mutex mu;
  std::condition_variable wake;
  bool stopping = false, dirty = false, lost = false;  // under mu
  std::thread thread;
};

ChangeLoop::ChangeLoop(Registry& registry, std::vector<Followed> followed, Look look)
    : impl_(std::make_unique<Impl>(registry, std::move(followed), std::move(look))) {}

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
