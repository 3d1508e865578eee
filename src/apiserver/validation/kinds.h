// Inside validation: the rules of each kind, and the table that finds them.
#pragma once
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apiserver/validation/checks.h"
#include "apiserver/validation/warnings.h"

namespace apiserver::validation {

struct KindRules {
  absl::string_view group, kind;
  void (*create)(FieldErrors& e, const Value& object);
  void (*update)(FieldErrors& e, const Value& object, const Value& old);
  void (*status)(FieldErrors& e, const Value& object, const Value& old) = nullptr;  // nullptr: metadata only
  // What to tell about the object when it is valid. `old`: nullptr on create.
  void (*warn)(Texts& out, const Value& object, const Value* old, absl::string_view subresource) = nullptr;
};

// The tables of the files below; validation.cc searches them in turn.
absl::Span<const KindRules> PodKinds();         // pod_kind.cc: Pod, PodTemplate, ReplicationController
absl::Span<const KindRules> ServiceKinds();     // service.cc: Service, Endpoints
absl::Span<const KindRules> EndpointSliceKinds();
absl::Span<const KindRules> EventKinds();       // events.cc: both groups
absl::Span<const KindRules> ClusterKinds();     // cluster.cc: Node, Namespace, ResourceQuota, LimitRange, ...
absl::Span<const KindRules> ConfigKinds();      // config.cc: ConfigMap, Secret, ServiceAccount
absl::Span<const KindRules> ClassKinds();       // classes.cc: Lease, PriorityClass, RuntimeClass
absl::Span<const KindRules> VolumeKinds();      // persistent_volumes.cc
absl::Span<const KindRules> AppsKinds();        // apps.cc
absl::Span<const KindRules> BatchKinds();       // batch.cc
absl::Span<const KindRules> RbacKinds();        // rbac.cc
absl::Span<const KindRules> DisruptionKinds();  // disruption_budget.cc
absl::Span<const KindRules> NetworkPolicyKinds();  // network_policies.cc
absl::Span<const KindRules> IngressKinds();     // ingresses.cc
absl::Span<const KindRules> AddressKinds();     // service_addresses.cc
absl::Span<const KindRules> StorageKinds();     // storage.cc
absl::Span<const KindRules> AutoscalingKinds(); // autoscaling.cc
absl::Span<const KindRules> WebhookKinds();     // webhooks.cc: webhook configurations, admission policies
absl::Span<const KindRules> CertificateKinds();  // certificates.cc
absl::Span<const KindRules> ApiServiceKinds();  // api_services.cc
absl::Span<const KindRules> FlowControlKinds(); // flow_control.cc
absl::Span<const KindRules> DefinitionKinds();  // custom_resource_definition.cc
absl::Span<const KindRules> DeviceKinds();      // devices.cc
absl::Span<const KindRules> ReviewKinds();      // reviews.cc

// Subresources of pods.
void PodEphemeralContainers(FieldErrors& e, const Value& object, const Value& old);
void PodResize(FieldErrors& e, const Value& object, const Value& old);
void CertificateApproval(FieldErrors& e, const Value& object, const Value& old);
void NamespaceFinalize(FieldErrors& e, const Value& object, const Value& old);

}  // namespace apiserver::validation
