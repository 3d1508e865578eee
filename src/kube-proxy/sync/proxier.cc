#include "kube-proxy/sync/proxier.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "base/clock.h"
#include "base/log.h"
#include "kube-proxy/rules/nft_script.h"
#include "kube-proxy/rules/rule_set.h"
#include "kube-proxy/sync/addresses.h"

namespace kube_proxy::sync {
namespace {

using rules::Family;
using rules::NodeView;
using rules::RuleSet;

bool IsIpv6(absl::string_view text) { return text.find(':') != absl::string_view::npos; }

bool SameFrame(const NodeView& a, const NodeView& b) {
  return a.node_port_ips == b.node_port_ips && a.cluster_cidr == b.cluster_cidr && a.masquerade_all == b.masquerade_all;
}

constexpr size_t kMaxCauses = 10000;  // remembered between two writes

}  // namespace

struct Proxier::Impl {
  // What the kernel holds of one family.
  struct Written {
    NodeView node;
    RuleSet rules;
    bool known = false;  // false: write everything
  };

  Impl(ProxierOptions o, RuleSink& s, const base::Clock& c) : options(std::move(o)), sink(s), clock(c), tracker(options.node) {
    stats.dirty_since = absl::InfiniteFuture();
  }

  const ProxierOptions options;
  RuleSink& sink;
  const base::Clock& clock;

  mutable absl::Mutex mu;
  ServiceTracker tracker ABSL_GUARDED_BY(mu);
  std::vector<std::string> addresses ABSL_GUARDED_BY(mu);
  std::string zone ABSL_GUARDED_BY(mu);
  bool synced ABSL_GUARDED_BY(mu) = false;
  bool dirty ABSL_GUARDED_BY(mu) = true;
  bool stopping ABSL_GUARDED_BY(mu) = false;
  ProxierStats stats ABSL_GUARDED_BY(mu);
  std::vector<absl::Time> causes ABSL_GUARDED_BY(mu);  // of changes that are not written yet

  std::map<Family, Written> written;  // the thread's own
  std::thread thread;

  void MarkDirtyLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    if (!dirty) stats.dirty_since = clock.Now();
    dirty = true;
  }

  NodeView ViewLocked(Family family) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    NodeView view;
    view.family = family;
    view.zone = zone;
    view.masquerade_all = options.masquerade_all;
    for (const auto cidr : absl::StrSplit(options.cluster_cidr, ',', absl::SkipEmpty())) {
      if (IsIpv6(cidr) == (family == Family::kIpv6)) view.cluster_cidr = std::string(cidr);
    }
    if (options.node_port_addresses.empty()) {
      for (const std::string& address : addresses) {
        if (IsIpv6(address) == (family == Family::kIpv6) && view.node_port_ips.empty()) view.node_port_ips.push_back(address);
      }
    } else {
      view.node_port_ips = LocalAddressesIn(options.node_port_addresses, family);
    }
    return view;
  }

  absl::Status Write(Family family, const NodeView& node, RuleSet rules, bool* wrote) {
    Written& now = written[family];
    if (!now.known && family == Family::kIpv6 && rules == RuleSet() && node.cluster_cidr.empty()) return absl::OkStatus();
    const bool full = !now.known || !SameFrame(now.node, node);
    const std::string script = full ? FullScript(rules, node) : DiffScript(now.rules, rules, node);
    if (script.empty()) return absl::OkStatus();
    *wrote = true;
    const absl::Duration began = clock.Monotonic();
    const absl::Status status = sink.Run(script);
    SyncSeries::Get().Wrote(family, full, status.ok(), clock.Monotonic() - began);
    now.known = status.ok();  // after a refusal nothing is sure: start anew
    now.node = node;
    now.rules = std::move(rules);
    return status;
  }

  absl::Status Sync() {
    std::map<Family, std::pair<NodeView, RuleSet>> wanted;
    int64_t services = 0, endpoints = 0;
    std::vector<absl::Time> taken;
    {
      absl::MutexLock lock(&mu);
      dirty = false;
      taken.swap(causes);
      SyncSeries::Get().Taken();
      for (const Family family : {Family::kIpv4, Family::kIpv6}) {
        NodeView view = ViewLocked(family);
        const rules::ServiceMap map = tracker.Build(family);
        services += static_cast<int64_t>(map.size());
        for (const auto& [name, port] : map) endpoints += static_cast<int64_t>(port.endpoints.size());
        RuleSet set = BuildRuleSet(map, view);
        wanted[family] = {std::move(view), std::move(set)};
      }
    }
    const absl::Duration began = clock.Monotonic();
    bool wrote = false;
    absl::Status status;
    for (auto& [family, want] : wanted) status.Update(Write(family, want.first, std::move(want.second), &wrote));
    absl::MutexLock lock(&mu);
    stats.services = services;
    stats.endpoints = endpoints;
    if (wrote) {
      ++stats.syncs;
      stats.last_sync = clock.Monotonic() - began;
    }
    if (!status.ok()) {
      ++stats.failures;
      dirty = true;
      causes.insert(causes.end(), taken.begin(), taken.end());
      return status;
    }
    stats.last_success = clock.Now();
    for (const auto& [family, want] : wanted) SyncSeries::Get().UpToDate(family, stats.last_success);
    SyncSeries::Get().Programmed(taken, stats.last_success);
    stats.dirty_since = dirty ? clock.Now() : absl::InfiniteFuture();
    return status;
  }

  // Somebody may have flushed the ruleset behind our back.
  void CheckStillThere() {
    for (auto& [family, now] : written) {
      if (now.known && !sink.Run(rules::ProbeScript(family)).ok()) {
        base::LogWarning("the rules are gone from the kernel, writing them again family=", family == Family::kIpv6 ? 6 : 4);
        now.known = false;
        absl::MutexLock lock(&mu);
        MarkDirtyLocked();
      }
    }
  }

  void Loop() {
    absl::Duration pause = absl::ZeroDuration();
    while (true) {
      {
        absl::MutexLock lock(&mu);
        if (pause > absl::ZeroDuration()) mu.AwaitWithTimeout(absl::Condition(&stopping), pause);
        const auto due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) { return stopping || (synced && dirty); };
        mu.AwaitWithTimeout(absl::Condition(&due), options.sync_period);
        if (stopping) return;
        if (!synced) continue;
        if (!dirty) {
          stats.last_success = clock.Now();
          for (const Family family : {Family::kIpv4, Family::kIpv6}) SyncSeries::Get().UpToDate(family, stats.last_success);
        }
      }
      CheckStillThere();
      const absl::Status status = Sync();
      pause = options.min_sync_period;
      if (!status.ok()) {
        base::LogError("rules not written: ", status.message());
        pause = absl::Seconds(1);
      }
    }
  }
};

Proxier::Proxier(ProxierOptions options, RuleSink& sink, const base::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), sink, clock)) {}

Proxier::~Proxier() { Stop(); }

void Proxier::Change(Changed what, const std::function<bool(ServiceTracker&)>& change, absl::Time cause) {
  absl::MutexLock lock(&impl_->mu);
  if (!change(impl_->tracker)) return;
  impl_->MarkDirtyLocked();
  SyncSeries::Get().Queued(what, impl_->clock.Now());
  // What is learnt at the start may have happened long ago.
  if (impl_->synced && cause != absl::InfinitePast() && impl_->causes.size() < kMaxCauses) impl_->causes.push_back(cause);
}

void Proxier::SetNode(std::vector<std::string> addresses, std::string zone) {
  absl::MutexLock lock(&impl_->mu);
  if (impl_->addresses == addresses && impl_->zone == zone) return;
  impl_->addresses = std::move(addresses);
  impl_->zone = std::move(zone);
  impl_->MarkDirtyLocked();
}

void Proxier::SetSynced() {
  absl::MutexLock lock(&impl_->mu);
  impl_->synced = true;
}

void Proxier::Start() {
  impl_->thread = std::thread([impl = impl_.get()] { impl->Loop(); });
}

void Proxier::Stop() {
  {
    absl::MutexLock lock(&impl_->mu);
    impl_->stopping = true;
  }
  if (impl_->thread.joinable()) impl_->thread.join();
}

ProxierStats Proxier::stats() const {
  absl::MutexLock lock(&impl_->mu);
  return impl_->stats;
}

std::map<int, ServiceTracker::HealthCheck> Proxier::HealthChecks() const {
  absl::MutexLock lock(&impl_->mu);
  return impl_->tracker.HealthChecks();
}

}  // namespace kube_proxy::sync
