#include "base/daemon_flags.h"

#include "absl/strings/str_cat.h"
#include "base/component_flags.h"
#include "base/version.h"
#include "client/leader_election_flags.h"
#include "controller-manager/options.h"

namespace controller_manager {

namespace {

void AddSigningFlags(base::FlagSet& flags, Options& o) {
  const auto add = [&](SigningFiles& files, const std::string& name, const char* what) {
    flags.String(&files.cert, absl::StrCat("cluster-signing-", name, "cert-file"), "", what);
    flags.String(&files.key, absl::StrCat("cluster-signing-", name, "key-file"), "", "its key");
  };
  add(o.signing.all, "", "authority that signs certificate requests; none: nobody does");
  add(o.signing.kubelet_serving, "kubelet-serving-", "authority of kubernetes.io/kubelet-serving alone");
  add(o.signing.kubelet_client, "kubelet-client-", "authority of kubernetes.io/kube-apiserver-client-kubelet alone");
  add(o.signing.api_client, "kube-apiserver-client-", "authority of kubernetes.io/kube-apiserver-client alone");
  add(o.signing.legacy_unknown, "legacy-unknown-", "authority of kubernetes.io/legacy-unknown alone");
  flags.Duration(&o.cluster_signing_duration, "cluster-signing-duration", "", "longest life of what it signs");
}

constexpr char kNoCloud[] = "there are no cloud controllers";
constexpr char kNoAttaching[] = "volumes are not attached to nodes from here: the kubelet mounts them";
constexpr char kNoRecycling[] = "volumes are kept or deleted, never recycled";
constexpr char kNoMirroring[] = "endpoints are not mirrored";
constexpr char kNoMetrics[] = "autoscalers keep their targets within bounds; there are no metrics to follow";
constexpr char kEvents[] = "what changes is looked at when it changes";

struct WithoutEffect {
  std::vector<absl::string_view> names;
  const char* why;
  bool is_bool = false;
};

void AddFlagsWithoutEffect(base::FlagSet& flags) {
  const WithoutEffect all[] = {
      {{"use-service-account-credentials"}, "all controllers act under the kubeconfig's identity", true},
      {{"cloud-provider", "cloud-config", "cluster-name", "cidr-allocator-type", "concurrent-service-syncs", "route-reconciliation-period"}, kNoCloud},
      {{"configure-cloud-routes"}, kNoCloud, true},
      {{"enable-leader-migration"}, kNoCloud, true},
      {{"leader-migration-config"}, kNoCloud},
      {{"min-resync-period"}, "caches follow watches and are never resynced on a timer"},
      {{"namespace-sync-period", "pvclaimbinder-sync-period", "endpoint-updates-batch-period", "endpointslice-updates-batch-period"}, kEvents},
      {{"attach-detach-reconcile-sync-period", "external-cloud-volume-plugin", "flex-volume-plugin-dir"}, kNoAttaching},
      {{"disable-attach-detach-reconcile-sync", "disable-force-detach-on-timeout"}, kNoAttaching, true},
      {{"enable-dynamic-provisioning", "enable-hostpath-provisioner"}, "volumes are provisioned by their class's own provisioner", true},
      {{"pv-recycler-increment-timeout-nfs", "pv-recycler-minimum-timeout-hostpath", "pv-recycler-minimum-timeout-nfs",
        "pv-recycler-pod-template-filepath-hostpath", "pv-recycler-pod-template-filepath-nfs", "pv-recycler-timeout-increment-hostpath"},
       kNoRecycling},
      {{"mirroring-concurrent-service-endpoint-syncs", "mirroring-endpointslice-updates-batch-period", "mirroring-max-endpoints-per-subset"},
       kNoMirroring},
      {{"horizontal-pod-autoscaler-cpu-initialization-period", "horizontal-pod-autoscaler-downscale-stabilization",
        "horizontal-pod-autoscaler-initial-readiness-delay", "horizontal-pod-autoscaler-tolerance"},
       kNoMetrics},
      {{"concurrent-device-taint-eviction-syncs"}, "devices have no taints here"},
      {{"legacy-service-account-token-clean-up-period"}, "unused token secrets are kept"},
      {{"controller-start-interval"}, "controllers start at once"},
      {{"controller-shutdown-timeout"}, "controllers end when what they are doing ends"},
      {{"node-cidr-mask-size-ipv6"}, "pod networks are IPv4"},
  };
  for (const WithoutEffect& row : all) flags.NoEffect(row.names, row.why, row.is_bool);
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

void AddFlags(base::FlagSet& flags, Options& o) {
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
  flags.String(&o.service_account_private_key_file, "service-account-private-key-file", "", "key that signs the tokens of secrets; none: they get no tokens");
  AddSigningFlags(flags, o);
  flags.Int(&o.concurrent_policy_status_syncs, "concurrent-validating-admission-policy-status-syncs", "", "workers");
  base::AddComponentFlagsWithoutEffect(flags);
  AddFlagsWithoutEffect(flags);
}

int ParseFlags(int argc, char** argv, Options& o) {
  base::FlagSet flags;
  AddFlags(flags, o);
  int exit_code = 0;
  base::Program program{"kube-controller-manager",
                        "Runs the control loops that bring the cluster to the state its objects describe.",
                        absl::StrCat("Kubernetes ", base::kKubernetesVersion)};
  program.examples =
      "  # what a cluster needs at least: accounts with tokens and the cluster's authority in every namespace\n"
      "  kube-controller-manager --kubeconfig controller-manager.conf --root-ca-file ca.crt \\\n"
      "    --service-account-private-key-file sa.key\n\n"
      "  # all controllers but two\n"
      "  kube-controller-manager --kubeconfig controller-manager.conf --controllers '*,-cronjob-controller,-ttl-after-finished-controller'\n";
  program.groups = {
      {"Workers of each controller", {"concurrent-"}},
      {"Nodes", {"node-", "allocate-", "cluster-cidr", "large-", "secondary-", "unhealthy-", "service-cluster-"}},
      {"Certificates and tokens", {"cluster-signing-", "root-ca-", "service-account-"}},
      {"Health and metrics", {"bind-", "secure-port", "tls-"}},
      {"Leader election", {"leader-elect"}},
  };
  return base::ParseDaemonFlags(program, flags, argc, argv, &exit_code) ? -1 : exit_code;
}

}  // namespace controller_manager
