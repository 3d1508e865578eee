#include <CLI/CLI.hpp>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "controller-manager/options.h"

namespace controller_manager {
namespace {

// Durations as Go writes them: "40s", "1m30s".
void AddDuration(CLI::App& app, const std::string& name, absl::Duration& value, const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [&value, name](const std::string& text) {
           if (!absl::ParseDuration(text, &value)) throw CLI::ValidationError(name, "invalid duration \"" + text + "\"");
         },
         help)
      ->default_str(absl::FormatDuration(value));
}

}  // namespace

bool Options::Enabled(const std::string& name) const {
  bool star = false;
  for (const std::string& entry : controllers) {
    if (entry == name) return true;
    if (entry == "-" + name) return false;
    if (entry == "*") star = true;
  }
  return star;
}

int ParseFlags(int argc, char** argv, Options& o) {
  CLI::App app("Runs the control loops that bring the cluster to the state its objects describe.",
               "kube-controller-manager");
  o.leader_election.name = "kube-controller-manager";
  const auto add = [&](const std::string& name, auto& value, const std::string& help) {
    app.add_option(name, value, help)->capture_default_str();
  };
  add("--kubeconfig", o.kubeconfig, "kubeconfig of the API server");
  app.add_option("--controllers", o.controllers, "controllers to run: '*', 'name', '-name'")->delimiter(',');
  add("--root-ca-file", o.root_ca_file, "certificate authority published to every namespace");
  add("--bind-address", o.bind_address, "address of the health and metrics port");
  add("--secure-port", o.secure_port, "health and metrics over HTTPS; 0 is off");
  add("--tls-cert-file", o.tls_cert_file, "certificate of the health port; self-signed without");
  add("--tls-private-key-file", o.tls_private_key_file, "its key");
  app.add_flag("--leader-elect,!--no-leader-elect", o.leader_election.enabled, "be one active of several");
  AddDuration(app, "--leader-elect-lease-duration", o.leader_election.lease_duration, "others wait this long");
  AddDuration(app, "--leader-elect-renew-deadline", o.leader_election.renew_deadline, "the leader gives up after");
  AddDuration(app, "--leader-elect-retry-period", o.leader_election.retry_period, "between attempts");
  add("--leader-elect-resource-name", o.leader_election.name, "name of the Lease");
  add("--leader-elect-resource-namespace", o.leader_election.ns, "its namespace");
  app.add_flag("--allocate-node-cidrs", o.allocate_node_cidrs, "give nodes their pod CIDRs");
  add("--cluster-cidr", o.cluster_cidr, "network of all pods");
  add("--service-cluster-ip-range", o.service_cluster_ip_range, "network of services, never given to nodes");
  add("--node-cidr-mask-size", o.node_cidr_mask_size, "size of a node's network");
  add("--node-cidr-mask-size-ipv4", o.node_cidr_mask_size, "size of a node's IPv4 network");
  AddDuration(app, "--node-monitor-period", o.node_monitor_period, "between looks at all nodes");
  AddDuration(app, "--node-monitor-grace-period", o.node_monitor_grace_period, "a node silent for this long is Unknown");
  AddDuration(app, "--node-startup-grace-period", o.node_startup_grace_period, "the same for a node that never spoke");
  add("--node-eviction-rate", o.node_eviction_rate, "nodes a second to evict pods from");
  add("--secondary-node-eviction-rate", o.secondary_node_eviction_rate, "the same in an unhealthy zone");
  add("--large-cluster-size-threshold", o.large_cluster_size_threshold, "zones up to this size stop evicting");
  add("--unhealthy-zone-threshold", o.unhealthy_zone_threshold, "share of nodes not ready that makes a zone unhealthy");
  add("--terminated-pod-gc-threshold", o.terminated_pod_gc_threshold, "terminated pods to keep");
  add("--concurrent-replicaset-syncs", o.concurrent_replicaset_syncs, "workers");
  add("--concurrent-rc-syncs", o.concurrent_rc_syncs, "workers");
  add("--concurrent-deployment-syncs", o.concurrent_deployment_syncs, "workers");
  add("--concurrent-daemonset-syncs", o.concurrent_daemonset_syncs, "workers");
  add("--concurrent-statefulset-syncs", o.concurrent_statefulset_syncs, "workers");
  add("--concurrent-job-syncs", o.concurrent_job_syncs, "workers");
  add("--concurrent-cron-job-syncs", o.concurrent_cron_job_syncs, "workers");
  add("--concurrent-endpoint-syncs", o.concurrent_endpoint_syncs, "workers");
  add("--concurrent-service-endpoint-syncs", o.concurrent_service_endpoint_syncs, "workers");
  add("--concurrent-namespace-syncs", o.concurrent_namespace_syncs, "workers");
  add("--concurrent-gc-syncs", o.concurrent_gc_syncs, "workers");
  add("--concurrent-serviceaccount-token-syncs", o.concurrent_serviceaccount_token_syncs, "workers");
  add("--concurrent-ttl-after-finished-syncs", o.concurrent_ttl_after_finished_syncs, "workers");
  add("--concurrent-resource-quota-syncs", o.concurrent_resource_quota_syncs, "workers");
  AddDuration(app, "--resource-quota-sync-period", o.resource_quota_sync_period, "between full recounts of quotas");
  add("--max-endpoints-per-slice", o.max_endpoints_per_slice, "endpoints in one EndpointSlice");
  app.add_option("--enable-garbage-collector", o.enable_garbage_collector, "collect objects whose owners are gone");
  app.add_option("-v,--v", o.verbosity, "log verbosity");
  // Accepted for the sake of existing command lines: what they configure is built in here or done elsewhere.
  static const char* const kIgnored[] = {
      "--authentication-kubeconfig", "--authorization-kubeconfig", "--service-account-private-key-file",
      "--use-service-account-credentials", "--cluster-signing-cert-file", "--cluster-signing-key-file",
      "--cluster-name", "--client-ca-file", "--requestheader-client-ca-file", "--cloud-provider", "--profiling",
      "--kube-api-qps", "--kube-api-burst", "--feature-gates", "--master", "--cert-dir",
      "--leader-elect-resource-lock", "--configure-cloud-routes", "--min-resync-period"};
  std::deque<std::string> ignored;
  for (const char* name : kIgnored) app.add_option(name, ignored.emplace_back(), "accepted, not used")->group("");
  std::vector<std::string> args(argv + 1, argv + argc);
  for (std::string& arg : args) {
    if (arg.rfind("-v=", 0) == 0) arg.insert(0, "-");  // a short name with '=', as Go's flags allow
  }
  std::reverse(args.begin(), args.end());  // as this parser takes them
  try {
    app.parse(std::move(args));
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return -1;
}

}  // namespace controller_manager
