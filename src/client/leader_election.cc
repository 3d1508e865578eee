#include "client/leader_election.h"

#include <unistd.h>

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "base/log.h"
#include "base/metrics/metrics.h"
#include "base/rng.h"
#include "client/api_error.h"
#include "client/event_recorder.h"
#include "k8s/coordination/v1/lease.pb.h"

namespace client {
namespace {

using k8s::coordination::v1::Lease;

constexpr absl::Duration kFirstRetry = absl::Milliseconds(50);

std::string HostName() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

void SetTime(absl::Time time, k8s::meta::v1::MicroTime* out) {
  const int64_t micros = absl::ToUnixMicros(time);
  out->set_seconds(micros / 1000000);
  out->set_nanos(static_cast<int32_t>(micros % 1000000 * 1000));
}

LeaseView ViewOf(const Lease& lease) {
  const auto& spec = lease.spec();
  return {true, spec.holderidentity(),
          absl::FromUnixSeconds(spec.renewtime().seconds()) + absl::Nanoseconds(spec.renewtime().nanos()),
          spec.leasetransitions()};
}

// Whether this process leads, by what it wants to lead.
base::Gauge& LeaderStatus(const std::string& name) {
  static auto* const family =
      new base::GaugeFamily("leader_election_master_status", "Whether the process holds the lease.", {"name"});
  return family->With({name});
}

}  // namespace

bool MayTakeLease(const LeaseView& view, const std::string& identity, absl::Time observed,
                  absl::Duration lease_duration, absl::Time now) {
  return !view.exists || view.holder.empty() || view.holder == identity || observed + lease_duration < now;
}

struct LeaderElector::Impl {
  Impl(const ApiClient& client_in, LeaderElectionConfig config_in, EventRecorder* events_in)
      : client(client_in), config(std::move(config_in)), events(events_in) {
    if (config.identity.empty()) config.identity = absl::StrCat(HostName(), "_", base::NewUid());
  }

  // One attempt to get or keep the lease.
  bool TryOnce() {
    const absl::Time now = absl::Now();
    unanswered = false;
    auto current = client.Get<Lease>(config.ns, config.name);
    if (!current.ok() && !IsNotFound(current.status())) {
      base::LogWarning("leader election failed lease=", config.ns, "/", config.name, " error=\"",
                       current.status().message(), "\"");
      unanswered = true;
      return false;
    }
    Lease lease;
    LeaseView view;
    if (current.ok()) {
      lease = *std::move(current);
      view = ViewOf(lease);
      if (view.holder != seen.holder || view.renewed != seen.renewed || observed == absl::InfinitePast()) {
        seen = view;
        observed = now;
      }
      if (!MayTakeLease(view, config.identity, observed,
                        absl::Seconds(std::max(1, lease.spec().leasedurationseconds())), now)) {
        return false;
      }
    }
    auto& spec = *lease.mutable_spec();
    if (!view.exists || view.holder != config.identity) {
      SetTime(now, spec.mutable_acquiretime());
      spec.set_leasetransitions(view.exists ? view.transitions + 1 : 0);
    }
    spec.set_holderidentity(config.identity);
    spec.set_leasedurationseconds(static_cast<int32_t>(absl::ToInt64Seconds(config.lease_duration)));
    SetTime(now, spec.mutable_renewtime());
    lease.mutable_metadata()->set_name(config.name);
    lease.mutable_metadata()->set_namespace_(config.ns);
    const auto written = view.exists ? client.Update(lease) : client.Create(lease);
    if (!written.ok()) {
      if (!IsConflict(written.status()) && !IsAlreadyExists(written.status())) {
        base::LogWarning("leader election failed lease=", config.ns, "/", config.name, " error=\"",
                         written.status().message(), "\"");
        unanswered = true;
      }
      return false;
    }
    status.Set(1);
    if (!leading && events != nullptr) {
      ObjectRef ref{"coordination.k8s.io/v1", "Lease", config.ns, config.name, written->metadata().uid(),
                    written->metadata().resourceversion(), ""};
      events->Normal(ref, "LeaderElection", absl::StrCat(config.identity, " became leader"));
    }
    leading = true;
    return true;
  }

  void Renew(const std::function<void()>& lost) {
    absl::Time last = absl::Now();
    while (!stop.WaitForNotificationWithTimeout(config.retry_period)) {
      if (TryOnce()) {
        last = absl::Now();
      } else if (absl::Now() - last > config.renew_deadline) {
        base::LogError("leader election lost lease=", config.ns, "/", config.name);
        leading = false;
        status.Set(0);
        lost();
        return;
      }
    }
    Release();
  }

  void Release() {
    status.Set(0);
    auto lease = client.Get<Lease>(config.ns, config.name);
    if (!lease.ok() || lease->spec().holderidentity() != config.identity) return;
    auto& spec = *lease->mutable_spec();
    spec.set_holderidentity("");
    spec.set_leasedurationseconds(1);
    SetTime(absl::Now(), spec.mutable_renewtime());
    (void)client.Update(*lease);
  }

  const ApiClient& client;
  LeaderElectionConfig config;
  EventRecorder* const events;
  LeaseView seen;
  absl::Time observed = absl::InfinitePast();
  bool leading = false;
  base::Gauge& status = LeaderStatus(config.name);
  bool unanswered = false;  // the last attempt failed for another reason than another holder
  absl::Notification stop;
  std::thread renewer;
};

LeaderElector::LeaderElector(const ApiClient& client, LeaderElectionConfig config, EventRecorder* events)
    : impl_(std::make_unique<Impl>(client, std::move(config), events)) {}

LeaderElector::~LeaderElector() {
  if (!impl_->stop.HasBeenNotified()) impl_->stop.Notify();
  if (impl_->renewer.joinable()) impl_->renewer.join();
}

const std::string& LeaderElector::identity() const { return impl_->config.identity; }

bool LeaderElector::Acquire(const std::function<bool()>& stopped) {
  if (!impl_->config.enabled) return true;
  absl::Duration soon = kFirstRetry;
  while (!stopped()) {
    if (impl_->TryOnce()) return true;
    // A server that starts at the same time answers soon; who holds the lease holds it for long.
    const absl::Duration wait = impl_->unanswered ? std::min(soon, impl_->config.retry_period) : impl_->config.retry_period;
    soon = soon * 2;
    const absl::Time until = absl::Now() + wait;
    while (!stopped() && absl::Now() < until) absl::SleepFor(std::min(wait, absl::Milliseconds(100)));
  }
  return false;
}

void LeaderElector::KeepRenewing(std::function<void()> lost) {
  if (!impl_->config.enabled) return;
  impl_->renewer = std::thread([this, lost = std::move(lost)] { impl_->Renew(lost); });
}

}  // namespace client
