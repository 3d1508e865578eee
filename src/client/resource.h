// Which REST resource each generated API type is. Only forward declarations: cheap to include.
#pragma once

// clang-format off
namespace k8s::core::v1 {
class Pod; class Node; class Namespace; class Service; class Endpoints; class ServiceAccount; class ConfigMap;
class Secret; class ReplicationController; class PersistentVolume; class PersistentVolumeClaim; class Event;
class LimitRange; class ResourceQuota; class PodTemplate;
}
namespace k8s::apps::v1 { class Deployment; class ReplicaSet; class DaemonSet; class StatefulSet; class ControllerRevision; }
namespace k8s::batch::v1 { class Job; class CronJob; }
namespace k8s::coordination::v1 { class Lease; }
namespace k8s::discovery::v1 { class EndpointSlice; }
namespace k8s::rbac::v1 { class Role; class RoleBinding; class ClusterRole; class ClusterRoleBinding; }
namespace k8s::autoscaling::v1 { class HorizontalPodAutoscaler; }
namespace k8s::storage::v1 { class StorageClass; }
// clang-format on

namespace client {

struct ResourceInfo {
  const char* group;
  const char* version;
  const char* resource;  // plural
  const char* kind;
  bool namespaced;
};

// kResource<Pod>.resource == "pods". A kind that is missing here is one line more.
template <typename T>
inline constexpr ResourceInfo kResource{};

// clang-format off
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::Pod>{"", "v1", "pods", "Pod", true};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::Node>{"", "v1", "nodes", "Node", false};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::Namespace>{"", "v1", "namespaces", "Namespace", false};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::Service>{"", "v1", "services", "Service", true};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::Endpoints>{"", "v1", "endpoints", "Endpoints", true};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::ServiceAccount>{"", "v1", "serviceaccounts", "ServiceAccount", true};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::ConfigMap>{"", "v1", "configmaps", "ConfigMap", true};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::Secret>{"", "v1", "secrets", "Secret", true};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::ReplicationController>{"", "v1", "replicationcontrollers", "ReplicationController", true};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::PersistentVolume>{"", "v1", "persistentvolumes", "PersistentVolume", false};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::PersistentVolumeClaim>{"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::Event>{"", "v1", "events", "Event", true};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::LimitRange>{"", "v1", "limitranges", "LimitRange", true};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::ResourceQuota>{"", "v1", "resourcequotas", "ResourceQuota", true};
template <> inline constexpr ResourceInfo kResource<k8s::core::v1::PodTemplate>{"", "v1", "podtemplates", "PodTemplate", true};
template <> inline constexpr ResourceInfo kResource<k8s::apps::v1::Deployment>{"apps", "v1", "deployments", "Deployment", true};
template <> inline constexpr ResourceInfo kResource<k8s::apps::v1::ReplicaSet>{"apps", "v1", "replicasets", "ReplicaSet", true};
template <> inline constexpr ResourceInfo kResource<k8s::apps::v1::DaemonSet>{"apps", "v1", "daemonsets", "DaemonSet", true};
template <> inline constexpr ResourceInfo kResource<k8s::apps::v1::StatefulSet>{"apps", "v1", "statefulsets", "StatefulSet", true};
template <> inline constexpr ResourceInfo kResource<k8s::apps::v1::ControllerRevision>{"apps", "v1", "controllerrevisions", "ControllerRevision", true};
template <> inline constexpr ResourceInfo kResource<k8s::batch::v1::Job>{"batch", "v1", "jobs", "Job", true};
template <> inline constexpr ResourceInfo kResource<k8s::batch::v1::CronJob>{"batch", "v1", "cronjobs", "CronJob", true};
template <> inline constexpr ResourceInfo kResource<k8s::coordination::v1::Lease>{"coordination.k8s.io", "v1", "leases", "Lease", true};
template <> inline constexpr ResourceInfo kResource<k8s::discovery::v1::EndpointSlice>{"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true};
template <> inline constexpr ResourceInfo kResource<k8s::rbac::v1::Role>{"rbac.authorization.k8s.io", "v1", "roles", "Role", true};
template <> inline constexpr ResourceInfo kResource<k8s::rbac::v1::RoleBinding>{"rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true};
template <> inline constexpr ResourceInfo kResource<k8s::rbac::v1::ClusterRole>{"rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false};
template <> inline constexpr ResourceInfo kResource<k8s::rbac::v1::ClusterRoleBinding>{"rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false};
template <> inline constexpr ResourceInfo kResource<k8s::autoscaling::v1::HorizontalPodAutoscaler>{"autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true};
template <> inline constexpr ResourceInfo kResource<k8s::storage::v1::StorageClass>{"storage.k8s.io", "v1", "storageclasses", "StorageClass", false};
// clang-format on

}  // namespace client
