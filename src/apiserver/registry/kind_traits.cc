#include "apiserver/registry/kind_traits.h"

namespace apiserver::registry {
namespace {

// Kinds with a status subresource whose writers own it, unless upstream's strategy forgets to say so.
constexpr uint32_t kStatus = kStatusUnowned;
constexpr uint32_t kMeta = kStatusUnownedMeta;

constexpr KindTraits kTraits[] = {
    {"", "Endpoints", kCreatesOnUpdate},
    {"", "Event", kCreatesOnUpdate},
    {"", "LimitRange", kCreatesOnUpdate},
    {"", "Namespace", kStatus},
    {"", "Node", kStatus | kStatusOnCreate},
    {"", "PersistentVolume", kStatus | kReturnsDeleted},
    {"", "PersistentVolumeClaim", kStatus | kReturnsDeleted},
    {"", "Pod", kStatus | kGeneration | kReturnsDeleted},
    {"", "PodTemplate", kGeneration | kReturnsDeleted},
    {"", "ReplicationController", kStatus | kGeneration},
    {"", "ResourceQuota", kStatus | kReturnsDeleted},
    {"", "Service", kStatus | kCreatesOnUpdate | kReturnsDeleted},
    {"", "ServiceAccount", kReturnsDeleted},
    {"apps", "DaemonSet", kStatus | kGeneration},
    {"apps", "Deployment", kStatus | kGeneration | kGenerationCountsAnnotations | kStatusKeepsLabels},
    {"apps", "ReplicaSet", kStatus | kGeneration},
    {"apps", "StatefulSet", kStatus | kGeneration},
    {"autoscaling", "HorizontalPodAutoscaler", kStatus},
    {"batch", "CronJob", kStatus | kGeneration},
    {"batch", "Job", kStatus | kGeneration},
    {"policy", "PodDisruptionBudget", kStatus | kGeneration | kNeedsVersion},
    {"admissionregistration.k8s.io", "MutatingWebhookConfiguration", kGeneration | kGenerationCountsEmpty | kNeedsVersion},
    {"admissionregistration.k8s.io", "ValidatingAdmissionPolicy",
     kStatus | kMeta | kGeneration | kNeedsVersion | kStatusKeepsMeta},
    {"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", kGeneration | kNeedsVersion},
    {"admissionregistration.k8s.io", "ValidatingWebhookConfiguration", kGeneration | kGenerationCountsEmpty | kNeedsVersion},
    {"apiextensions.k8s.io", "CustomResourceDefinition", kStatus | kMeta | kGeneration | kNeedsVersion},
    {"apiregistration.k8s.io", "APIService", kStatus | kMeta | kNeedsVersion | kStatusKeepsMeta},
    {"certificates.k8s.io", "CertificateSigningRequest", 0},
    {"coordination.k8s.io", "Lease", kCreatesOnUpdate | kNeedsVersion},
    {"discovery.k8s.io", "EndpointSlice", kGeneration | kGenerationCountsLabels},
    {"events.k8s.io", "Event", kCreatesOnUpdate},
    {"flowcontrol.apiserver.k8s.io", "FlowSchema", kStatus | kMeta | kGeneration | kStatusKeepsAllMeta},
    {"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", kStatus | kMeta | kGeneration | kStatusKeepsAllMeta},
    {"networking.k8s.io", "Ingress", kStatus | kGeneration},
    {"networking.k8s.io", "IngressClass", kGeneration},
    {"networking.k8s.io", "NetworkPolicy", kGeneration | kGenerationCountsEmpty},
    // Upstream's strategy names its fields under a group that does not exist, and leaves the status to any writer.
    {"networking.k8s.io", "ServiceCIDR", kStatusOnCreate | kStatusWithSpec | kStatusKeepsMeta},
    {"node.k8s.io", "RuntimeClass", kCreatesOnUpdate | kNeedsVersion},
    {"rbac.authorization.k8s.io", "ClusterRole", kCreatesOnUpdate},
    {"rbac.authorization.k8s.io", "ClusterRoleBinding", kCreatesOnUpdate},
    {"rbac.authorization.k8s.io", "Role", kCreatesOnUpdate},
    {"rbac.authorization.k8s.io", "RoleBinding", kCreatesOnUpdate},
    {"resource.k8s.io", "DeviceClass", kGeneration | kReturnsDeleted},
    {"resource.k8s.io", "ResourceClaim", kStatus | kMeta | kReturnsDeleted | kStatusKeepsMeta},
    {"resource.k8s.io", "ResourceClaimTemplate", kReturnsDeleted},
    {"resource.k8s.io", "ResourceSlice", kGeneration | kReturnsDeleted},
    {"scheduling.k8s.io", "PriorityClass", kGenerationStarts},
    {"storage.k8s.io", "CSIDriver", kNeedsVersion | kReturnsDeleted | kGenerationCounts},
    {"storage.k8s.io", "CSINode", kNeedsVersion | kReturnsDeleted},
    {"storage.k8s.io", "CSIStorageCapacity", kNeedsVersion},
    {"storage.k8s.io", "StorageClass", kReturnsDeleted},
    {"storage.k8s.io", "VolumeAttachment", kStatus | kMeta | kNeedsVersion | kReturnsDeleted | kStatusKeepsMeta},
    {"storage.k8s.io", "VolumeAttributesClass", kReturnsDeleted},
};

}  // namespace

const KindTraits& TraitsOf(const apimachinery::Kind& kind) {
  static constexpr KindTraits kNone;
  for (const KindTraits& traits : kTraits) {
    if (traits.kind == kind.kind && traits.group == kind.group) return traits;
  }
  return kNone;
}

}  // namespace apiserver::registry
