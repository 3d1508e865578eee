#include "etcdlite/server/housekeeping.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "etcd/cluster.pb.h"
#include "etcd/kv.pb.h"
#include "etcd/lease.pb.h"

namespace etcdlite::server {
namespace {

constexpr absl::Duration kRound = absl::Milliseconds(250);
constexpr size_t kRevokesPerRound = 500;       // etcd: 1000 a second
constexpr size_t kCheckpointsPerRound = 1000;

class HousekeepingImpl final : public Housekeeping {
 public:
  HousekeepingImpl(ServiceContext& context, const Retention& retention)
      : context_(context), retention_(retention), thread_([this] { Run(); }) {}

  ~HousekeepingImpl() override {
    {
      std::lock_guard<std::mutex> lock(mu_);
      stop_ = true;
    }
    cv_.notify_all();
    thread_.join();
  }

 private:
  void Run() {
    std::unique_lock<std::mutex> lock(mu_);
    while (!stop_) {
      lock.unlock();
      const absl::Duration now = base::SystemClock().Monotonic();
      if (context_.node->is_leader()) {
        EndLeases(now);
        CompactBySchedule(now);
      }
      PublishSelf(now);
      if (context_.quota_bytes > 0) {
        context_.backend_bytes = static_cast<int64_t>(context_.state->store->engine()->SizeInUse());
      }
      if (now - progress_at_ >= context_.flags->watch_progress_interval) {
        progress_at_ = now;
        context_.hub->NotifyProgress();
      }
      lock.lock();
      cv_.wait_for(lock, absl::ToChronoNanoseconds(published_ ? kRound : absl::Milliseconds(20)));
    }
  }

  void EndLeases(absl::Duration now) {
    std::vector<lease::LeaseId> expired;
    std::vector<lease::Lessor::Due> due;
    {
      std::lock_guard<std::mutex> lock(context_.state->mu);
      expired = context_.state->lessor.TakeExpired(now, kRevokesPerRound);
      due = context_.state->lessor.TakeCheckpoints(now, kCheckpointsPerRound);
    }
    for (const lease::LeaseId id : expired) {
      etcdserverpb::LeaseRevokeRequest request;
      request.set_id(id);
      context_.node->Propose(apply::RequestKind::kLeaseRevoke, request.SerializeAsString(), "", [](auto) {});
    }
    if (due.empty()) return;
    etcdserverpb::LeaseCheckpointRequest request;
    for (const lease::Lessor::Due& each : due) {
      etcdserverpb::LeaseCheckpoint* checkpoint = request.add_checkpoints();
      checkpoint->set_id(each.id);
      checkpoint->set_remaining_ttl(each.remaining);
    }
    context_.node->Propose(apply::RequestKind::kLeaseCheckpoint, request.SerializeAsString(), "", [](auto) {});
  }

  // Periodic: keeps the revision of one period ago, looked at every tenth of it (at most hourly). Revision: keeps the
  // last N, looked at every five minutes.
  void CompactBySchedule(absl::Duration now) {
    int64_t target = 0;
    if (retention_.period > absl::ZeroDuration()) {
      const absl::Duration step = std::min(retention_.period, absl::Hours(1)) / 10;
      if (now - compaction_at_ < step) return;
      compaction_at_ = now;
      history_.push_back({now, context_.state->store->revision()});
      while (history_.size() > 1 && history_[1].first <= now - retention_.period) history_.pop_front();
      if (history_.front().first > now - retention_.period) return;
      target = history_.front().second;
    } else if (retention_.revisions > 0) {
      if (now - compaction_at_ < absl::Minutes(5)) return;
      compaction_at_ = now;
      target = context_.state->store->revision() - retention_.revisions;
    }
    if (target <= 0 || target <= context_.state->store->compacted()) return;
    base::LogInfo("compacting by schedule revision=", target);
    etcdserverpb::CompactionRequest request;
    request.set_revision(target);
    context_.node->Propose(apply::RequestKind::kCompaction, request.SerializeAsString(), "", [](auto) {});
  }

  // Until the cluster knows this member's present name and addresses.
  void PublishSelf(absl::Duration now) {
    if (published_ || context_.node->status().leader == 0) return;
    etcdserverpb::Member self;
    {
      std::lock_guard<std::mutex> lock(context_.state->mu);
      const apply::MemberInfo* known = context_.state->membership.Find(context_.member_id);
      if (known == nullptr) return;  // a joining member that has not caught up
      if (known->name == context_.flags->name && known->client_urls == context_.flags->advertise_client_urls) {
        published_ = true;
        return;
      }
    }
    if (published_at_ != absl::ZeroDuration() && now - published_at_ < absl::Seconds(2)) return;
    published_at_ = now;
    self.set_id(context_.member_id);
    self.set_name(context_.flags->name);
    for (const std::string& url : context_.flags->advertise_client_urls) self.add_clienturls(url);
    context_.node->Propose(apply::RequestKind::kMemberAttributes, self.SerializeAsString(), "", [](auto) {});
  }

  ServiceContext& context_;
  const Retention retention_;
  absl::Duration progress_at_ = base::SystemClock().Monotonic();
  absl::Duration compaction_at_ = base::SystemClock().Monotonic();
  absl::Duration published_at_ = absl::ZeroDuration();
  std::deque<std::pair<absl::Duration, int64_t>> history_;  // (time, revision then)
  bool published_ = false;
  std::mutex mu_;
  std::condition_variable cv_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Housekeeping> Housekeeping::Start(ServiceContext& context, const Retention& retention) {
  return std::make_unique<HousekeepingImpl>(context, retention);
}

}  // namespace etcdlite::server
