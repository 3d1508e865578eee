#include "base/daemon_flags.h"

#include "absl/strings/str_cat.h"
#include "base/version.h"
#include "client/leader_election_flags.h"
#include "controller-manager/options.h"

namespace controller_manager {

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
  base::FlagSet flags;
  o.leader_election.name = "kube-controller-manager";
  flags.String(&o.kubeconfig, "kubeconfig", "", "kubeconfig of the API server");
  flags.List(&o.controllers, "controllers", "", "controllers to run: '*', 'name', '-name'");
  flags.String(&o.root_ca_file, "root-ca-file", "", "certificate authority published to every namespace");
  flags.String(&o.bind_address, "bind-address", "", "address of the health and metrics port");
  flags.Int(&o.secure_port, "secure-port", "", "health and metrics over HTTPS; 0 is off");
  flags.String(&o.tls_cert_file, "tls-cert-file", "", "certificate of the health port; self-signed without");
  flags.String(&o.tls_private_key_file, "tls-private-key-file", "", "its key");
  client::AddLeaderElectionFlags(flags, o.leader_election);
  flags.Bool(&o.allocate_node_cidrs, "allocate-node-cidrs", "", "give nodes their pod CIDRs");
  flags.String(&o.cluster_cidr, "cluster-cidr", "", "network of all pods");
  flags.String(&o.service_cluster_ip_range, "service-cluster-ip-range", "", "network of services, never given to nodes");
  flags.Int(&o.node_cidr_mask_size, "node-cidr-mask-size", "", "size of a node's network");
  flags.Duration(&o.node_monitor_period, "node-monitor-period", "", "between looks at all nodes");
  flags.Duration(&o.node_monitor_grace_period, "node-monitor-grace-period", "", "a node silent for this long is Unknown");
  flags.Duration(&o.node_startup_grace_period, "node-startup-grace-period", "", "the same for a node that never spoke");
  flags.Double(&o.node_eviction_rate, "node-eviction-rate", "", "nodes a second to evict pods from");
  flags.Double(&o.secondary_node_eviction_rate, "secondary-node-eviction-rate", "", "the same in an unhealthy zone");
  flags.Int(&o.large_cluster_size_threshold, "large-cluster-size-threshold", "", "zones up to this size stop evicting");
  flags.Double(&o.unhealthy_zone_threshold, "unhealthy-zone-threshold", "", "share of nodes not ready that makes a zone unhealthy");
  flags.Int(&o.terminated_pod_gc_threshold, "terminated-pod-gc-threshold", "", "terminated pods to keep");
  flags.Int(&o.concurrent_replicaset_syncs, "concurrent-replicaset-syncs", "", "workers");
  flags.Int(&o.concurrent_rc_syncs, "concurrent-rc-syncs", "", "workers");
  flags.Int(&o.concurrent_deployment_syncs, "concurrent-deployment-syncs", "", "workers");
  flags.Int(&o.concurrent_daemonset_syncs, "concurrent-daemonset-syncs", "", "workers");
  flags.Int(&o.concurrent_statefulset_syncs, "concurrent-statefulset-syncs", "", "workers");
  flags.Int(&o.concurrent_job_syncs, "concurrent-job-syncs", "", "workers");
  flags.Int(&o.concurrent_cron_job_syncs, "concurrent-cron-job-syncs", "", "workers");
  flags.Int(&o.concurrent_ephemeral_volume_syncs, "concurrent-ephemeralvolume-syncs", "", "workers");
  flags.Int(&o.concurrent_endpoint_syncs, "concurrent-endpoint-syncs", "", "workers");
  flags.Int(&o.concurrent_service_endpoint_syncs, "concurrent-service-endpoint-syncs", "", "workers");
  flags.Int(&o.concurrent_namespace_syncs, "concurrent-namespace-syncs", "", "workers");
  flags.Int(&o.concurrent_gc_syncs, "concurrent-gc-syncs", "", "workers");
  flags.Int(&o.concurrent_serviceaccount_token_syncs, "concurrent-serviceaccount-token-syncs", "", "workers");
  flags.Int(&o.concurrent_ttl_after_finished_syncs, "concurrent-ttl-after-finished-syncs", "", "workers");
  flags.Int(&o.concurrent_horizontal_pod_autoscaler_syncs, "concurrent-horizontal-pod-autoscaler-syncs", "", "workers");
  flags.Duration(&o.horizontal_pod_autoscaler_sync_period, "horizontal-pod-autoscaler-sync-period", "",
                 "between looks at an autoscaler's target");
  flags.Int(&o.concurrent_resource_quota_syncs, "concurrent-resource-quota-syncs", "", "workers");
  flags.Duration(&o.resource_quota_sync_period, "resource-quota-sync-period", "", "between full recounts of quotas");
  flags.Int(&o.max_endpoints_per_slice, "max-endpoints-per-slice", "", "endpoints in one EndpointSlice");
  flags.Bool(&o.enable_garbage_collector, "enable-garbage-collector", "", "collect objects whose owners are gone");
  flags.Int(&o.verbosity, "v", "v", "log verbosity");
  flags.Alias("node-cidr-mask-size-ipv4", "node-cidr-mask-size");
  flags.NoEffect({"authentication-kubeconfig", "authorization-kubeconfig", "client-ca-file", "requestheader-client-ca-file"},
                 "the health and metrics port answers without identities");
  flags.NoEffect({"use-service-account-credentials"}, "all controllers act under the kubeconfig's identity", /*is_bool=*/true);
  flags.String(&o.service_account_private_key_file, "service-account-private-key-file", "", "key that signs the tokens of secrets; none: they get no tokens");
  flags.String(&o.cluster_signing_cert_file, "cluster-signing-cert-file", "", "authority that signs certificate requests; none: nobody does");
  flags.String(&o.cluster_signing_key_file, "cluster-signing-key-file", "", "its key");
  flags.Duration(&o.cluster_signing_duration, "cluster-signing-duration", "", "longest life of what it signs");
  flags.NoEffect({"kube-api-qps", "kube-api-burst"}, "requests are not held back here; the API server's flow control does it");
  flags.NoEffect({"cloud-provider", "cluster-name"}, "there are no cloud controllers");
  flags.NoEffect({"configure-cloud-routes"}, "there are no cloud controllers", /*is_bool=*/true);
  flags.NoEffect({"min-resync-period"}, "caches follow watches and are never resynced on a timer");
  flags.NoEffect({"feature-gates"}, "features are those that are on by default in this release");
  flags.NoEffect({"cert-dir"}, "a self-signed certificate is kept in memory");
  flags.NoEffect({"profiling"}, "there is no profiling endpoint", /*is_bool=*/true);
  int exit_code = 0;
  const base::Program program{"kube-controller-manager",
                              "Runs the control loops that bring the cluster to the state its objects describe.",
                              absl::StrCat("Kubernetes ", base::kKubernetesVersion)};
  return base::ParseDaemonFlags(program, flags, argc, argv, &exit_code) ? -1 : exit_code;
}

}  // namespace controller_manager
