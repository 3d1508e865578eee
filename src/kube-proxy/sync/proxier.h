// Keeps the kernel's rules equal to what services ask for: events mark state dirty, one thread writes.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "kube-proxy/rules/service_state.h"
#include "kube-proxy/sync/rule_sink.h"
#include "kube-proxy/sync/service_tracker.h"
#include "kube-proxy/sync/sync_series.h"

namespace base {
class Clock;
}

namespace kube_proxy::sync {

struct ProxierOptions {
  std::string node;
  std::string cluster_cidr;  // comma separated, at most one a family
  std::vector<std::string> node_port_addresses;  // CIDRs; empty: the node's primary addresses
  bool masquerade_all = false;
  absl::Duration min_sync_period = absl::Milliseconds(50);  // between writes under steady change
  absl::Duration sync_period = absl::Seconds(30);           // look whether somebody else removed the rules
};

struct ProxierStats {
  int64_t syncs = 0;           // transactions written
  int64_t failures = 0;        // transactions the kernel refused
  int64_t services = 0;        // service ports
  int64_t endpoints = 0;       // endpoints over all ports
  absl::Duration last_sync;    // how long the last one took
  absl::Time last_success;     // or when there was nothing to write
  absl::Time dirty_since;      // oldest change not yet written; InfiniteFuture: none
};

// Thread-safe. Changes may come before Start; nothing is written before SetSynced, so that a restarted proxy does not
// cut connections while it learns.
class Proxier {
 public:
  // `sink` and `clock` must outlive it.
  Proxier(ProxierOptions options, RuleSink& sink, const base::Clock& clock);
  ~Proxier();  // stops; the rules stay in the kernel, as upstream's do

  // Runs `change` on the tracker; it answers whether rules may change. `cause`: when that happened which `what` tells of, as
  // far as it says.
  void Change(Changed what, const std::function<bool(ServiceTracker&)>& change, absl::Time cause = absl::InfinitePast());
  // Addresses of this node, primary first a family, and its zone.
  void SetNode(std::vector<std::string> addresses, std::string zone);
  void SetSynced();
  void Start();
  void Stop();

  ProxierStats stats() const;
  std::map<int, ServiceTracker::HealthCheck> HealthChecks() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kube_proxy::sync
