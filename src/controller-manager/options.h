// The command line of kube-controller-manager: upstream's names and defaults.
#pragma once
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/leader_election.h"
#include "controller-manager/certificates/signing_authorities.h"

namespace base {
class FlagSet;
}

namespace controller_manager {

struct Options {
  std::string kubeconfig;
  std::vector<std::string> controllers = {"*"};  // names; "-name" turns one off
  std::string root_ca_file;
  std::string service_account_private_key_file;  // empty: token secrets stay as they are
  SigningOptions signing;  // a signer without files signs nothing
  absl::Duration cluster_signing_duration = absl::Hours(8760);
  std::string bind_address = "0.0.0.0";
  int secure_port = 10257;
  std::string tls_cert_file, tls_private_key_file;
  client::LeaderElectionConfig leader_election;
  int verbosity = 0;

  bool allocate_node_cidrs = false;
  std::string cluster_cidr;
  std::string service_cluster_ip_range;
  int node_cidr_mask_size = 24;

  absl::Duration node_monitor_period = absl::Seconds(5);
  absl::Duration node_monitor_grace_period = absl::Seconds(40);
  absl::Duration node_startup_grace_period = absl::Seconds(60);
  double node_eviction_rate = 0.1;             // nodes a second
  double secondary_node_eviction_rate = 0.01;  // when many of a zone are down
  int large_cluster_size_threshold = 50;
  double unhealthy_zone_threshold = 0.55;
  int terminated_pod_gc_threshold = 12500;

  int concurrent_replicaset_syncs = 5;
  int concurrent_rc_syncs = 5;
  int concurrent_deployment_syncs = 5;
  int concurrent_daemonset_syncs = 2;
  int concurrent_statefulset_syncs = 5;
  int concurrent_job_syncs = 5;
  int concurrent_cron_job_syncs = 5;
  int concurrent_endpoint_syncs = 5;
  int concurrent_ephemeral_volume_syncs = 5;
  int concurrent_service_endpoint_syncs = 5;
  int concurrent_namespace_syncs = 10;
  int concurrent_gc_syncs = 20;
  int concurrent_serviceaccount_token_syncs = 5;
  int concurrent_ttl_after_finished_syncs = 5;
  int concurrent_horizontal_pod_autoscaler_syncs = 5;
  absl::Duration horizontal_pod_autoscaler_sync_period = absl::Seconds(15);
  int concurrent_resource_quota_syncs = 5;
  absl::Duration resource_quota_sync_period = absl::Minutes(5);
  int concurrent_policy_status_syncs = 5;
  int max_endpoints_per_slice = 100;
  bool enable_garbage_collector = true;

  // Whether --controllers leaves `name` on.
  bool Enabled(const std::string& name) const;
};

// All flags of the command line, those without effect included.
void AddFlags(base::FlagSet& flags, Options& options);

// Reads the command line. Returns -1 to go on, else the exit code (help, version, bad flags: already printed).
int ParseFlags(int argc, char** argv, Options& options);

}  // namespace controller_manager
