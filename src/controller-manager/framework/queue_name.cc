#include "controller-manager/framework/queue_name.h"

namespace controller_manager {
namespace {

constexpr struct {
  absl::string_view controller, queue;
} kQueues[] = {
    {"certificatesigningrequest-approving-controller", "certificate"},
    {"certificatesigningrequest-cleaner-controller", "certificate"},
    {"certificatesigningrequest-signing-controller", "certificate"},
    {"clusterrole-aggregation-controller", "ClusterRoleAggregator"},
    {"cronjob-controller", "cronjob"},
    {"daemonset-controller", "daemonset"},
    {"deployment-controller", "deployment"},
    {"disruption-controller", "disruption"},
    {"endpoint-controller", "endpoint"},
    {"endpointslice-controller", "endpoint_slice"},
    {"endpointslice-mirroring-controller", "endpoint_slice_mirroring"},
    {"ephemeral-volume-controller", "ephemeral_volume"},
    {"garbage-collector-controller", "garbage_collector_attempt_to_delete"},
    {"horizontal-pod-autoscaler-controller", "horizontalpodautoscaler"},
    {"job-controller", "job"},
    {"namespace-controller", "namespace"},
    {"node-ipam-controller", "cidrallocator_node"},
    {"node-lifecycle-controller", "node_lifecycle_controller"},
    {"persistentvolume-binder-controller", "claims"},
    {"persistentvolume-protection-controller", "pvprotection"},
    {"persistentvolumeclaim-protection-controller", "pvcprotection"},
    {"pod-garbage-collector-controller", "orphaned_pods_nodes"},
    {"replicaset-controller", "replicaset"},
    {"replication-controller", "replicationmanager"},
    {"resourceclaim-controller", "resource_claim"},
    {"resourcequota-controller", "resourcequota_primary"},
    {"root-ca-certificate-publisher-controller", "root_ca_cert_publisher"},
    {"serviceaccount-controller", "serviceaccount"},
    {"serviceaccount-token-controller", "serviceaccount_tokens_service"},
    {"statefulset-controller", "statefulset"},
    {"taint-eviction-controller", "noexec_taint_pod"},
    {"ttl-after-finished-controller", "ttl_jobs_to_delete"},
    {"ttl-controller", "ttlcontroller"},
    {"validatingadmissionpolicy-status-controller", "validatingadmissionpolicy-status"},
};

}  // namespace

absl::string_view QueueNameOf(absl::string_view controller) {
  for (const auto& one : kQueues) {
    if (one.controller == controller) return one.queue;
  }
  return controller;
}

}  // namespace controller_manager
