#include "kube-proxy/sync/sync_series.h"

#include "base/metrics/metrics.h"

namespace kube_proxy::sync {
namespace {

std::vector<double> WriteBounds() {
  std::vector<double> bounds;
  for (double bound = 0.001; bounds.size() < 15; bound *= 2) bounds.push_back(bound);
  return bounds;
}

// Every second at first, then coarser: up to five minutes.
std::vector<double> ProgrammingBounds() {
  std::vector<double> bounds = {0, 0.25, 0.5};
  for (int i = 1; i <= 59; ++i) bounds.push_back(i);
  for (int i = 60; i < 110; i += 5) bounds.push_back(i);
  for (int i = 120; i <= 300; i += 30) bounds.push_back(i);
  return bounds;
}

absl::string_view FamilyName(rules::Family family) { return family == rules::Family::kIpv6 ? "IPv6" : "IPv4"; }
double Seconds(absl::Time time) { return absl::ToDoubleSeconds(time - absl::UnixEpoch()); }

}  // namespace

struct SyncSeries::Families {
  base::HistogramFamily any{"kubeproxy_sync_proxy_rules_duration_seconds", "Time to write rules to the kernel.", {"ip_family"}, WriteBounds()};
  base::HistogramFamily full{"kubeproxy_sync_full_proxy_rules_duration_seconds", "Time to write all rules to the kernel.", {"ip_family"},
                             WriteBounds()};
  base::HistogramFamily partial{"kubeproxy_sync_partial_proxy_rules_duration_seconds", "Time to write to the kernel what differs.",
                                {"ip_family"}, WriteBounds()};
  base::CounterFamily failures{"kubeproxy_sync_proxy_rules_nftables_sync_failures_total", "Transactions that the kernel refused.",
                               {"ip_family"}};
  base::GaugeFamily last{"kubeproxy_sync_proxy_rules_last_timestamp_seconds", "When the rules were last known to be right.", {"ip_family"}};
  base::GaugeFamily queued{"kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds", "When a write of rules was last asked for.",
                           {"ip_family"}};
  base::CounterFamily services{"kubeproxy_sync_proxy_rules_service_changes_total", "Changes of services.", {}};
  base::GaugeFamily services_pending{"kubeproxy_sync_proxy_rules_service_changes_pending", "Changes of services not yet written.", {}};
  base::CounterFamily endpoints{"kubeproxy_sync_proxy_rules_endpoint_changes_total", "Changes of endpoint slices.", {}};
  base::GaugeFamily endpoints_pending{"kubeproxy_sync_proxy_rules_endpoint_changes_pending", "Changes of endpoint slices not yet written.",
                                      {}};
  base::HistogramFamily programming{"kubeproxy_network_programming_duration_seconds",
                                    "Time from the change of a pod or service to the rules that follow it.", {"ip_family"},
                                    ProgrammingBounds()};
};

SyncSeries::SyncSeries() : families_(*new Families) {}

SyncSeries& SyncSeries::Get() {
  static auto* const series = new SyncSeries;
  return *series;
}

void SyncSeries::Queued(Changed what, absl::Time now) {
  const bool service = what == Changed::kService;
  (service ? families_.services : families_.endpoints).With({}).Add();
  (service ? families_.services_pending : families_.endpoints_pending).With({}).Add(1);
  for (const rules::Family family : {rules::Family::kIpv4, rules::Family::kIpv6}) {
    families_.queued.With({FamilyName(family)}).Set(Seconds(now));
  }
}

void SyncSeries::Taken() {
  families_.services_pending.With({}).Set(0);
  families_.endpoints_pending.With({}).Set(0);
}

void SyncSeries::Wrote(rules::Family family, bool all, bool done, absl::Duration took) {
  const absl::string_view name = FamilyName(family);
  families_.any.With({name}).Observe(absl::ToDoubleSeconds(took));
  (all ? families_.full : families_.partial).With({name}).Observe(absl::ToDoubleSeconds(took));
  if (!done) families_.failures.With({name}).Add();
}

void SyncSeries::UpToDate(rules::Family family, absl::Time now) { families_.last.With({FamilyName(family)}).Set(Seconds(now)); }

void SyncSeries::Programmed(const std::vector<absl::Time>& causes, absl::Time now) {
  base::Histogram& took = families_.programming.With({FamilyName(rules::Family::kIpv4)});
  for (const absl::Time cause : causes) took.Observe(absl::ToDoubleSeconds(now - cause));
}

}  // namespace kube_proxy::sync
