// The printer of each kind. Callers use table.h.
#pragma once
#include "apiserver/tables/cells.h"

namespace apiserver::tables {

// pod_printer.cc
void PrintPod(const Value& pod, absl::Time now, Array* cells);
// The "conditions" of a pod's row: set once it has completed or failed, null otherwise.
Value PodRowConditions(const Value& pod);

// workload_printers.cc
void PrintPodTemplate(const Value& object, absl::Time now, Array* cells);
void PrintReplicationController(const Value& object, absl::Time now, Array* cells);
void PrintReplicaSet(const Value& object, absl::Time now, Array* cells);
void PrintDeployment(const Value& object, absl::Time now, Array* cells);
void PrintStatefulSet(const Value& object, absl::Time now, Array* cells);
void PrintDaemonSet(const Value& object, absl::Time now, Array* cells);
void PrintControllerRevision(const Value& object, absl::Time now, Array* cells);
void PrintJob(const Value& object, absl::Time now, Array* cells);
void PrintCronJob(const Value& object, absl::Time now, Array* cells);
void PrintScale(const Value& object, absl::Time now, Array* cells);
void PrintPodDisruptionBudget(const Value& object, absl::Time now, Array* cells);

// autoscaler_printer.cc
void PrintHorizontalPodAutoscaler(const Value& object, absl::Time now, Array* cells);

// network_printers.cc
void PrintService(const Value& object, absl::Time now, Array* cells);
void PrintEndpoints(const Value& object, absl::Time now, Array* cells);
void PrintEndpointSlice(const Value& object, absl::Time now, Array* cells);
void PrintIngress(const Value& object, absl::Time now, Array* cells);
void PrintIngressClass(const Value& object, absl::Time now, Array* cells);
void PrintNetworkPolicy(const Value& object, absl::Time now, Array* cells);
void PrintServiceCidr(const Value& object, absl::Time now, Array* cells);
void PrintIpAddress(const Value& object, absl::Time now, Array* cells);

// cluster_printers.cc: nodes, namespaces, configuration, identities, events and the server's own kinds
void PrintNode(const Value& object, absl::Time now, Array* cells);
void PrintNamespace(const Value& object, absl::Time now, Array* cells);
void PrintConfigMap(const Value& object, absl::Time now, Array* cells);
void PrintSecret(const Value& object, absl::Time now, Array* cells);
void PrintResourceQuota(const Value& object, absl::Time now, Array* cells);
void PrintEvent(const Value& object, absl::Time now, Array* cells);
void PrintComponentStatus(const Value& object, absl::Time now, Array* cells);
void PrintRoleBinding(const Value& object, absl::Time now, Array* cells);
void PrintCertificateSigningRequest(const Value& object, absl::Time now, Array* cells);
void PrintLease(const Value& object, absl::Time now, Array* cells);
void PrintPriorityClass(const Value& object, absl::Time now, Array* cells);
void PrintRuntimeClass(const Value& object, absl::Time now, Array* cells);
void PrintWebhookConfiguration(const Value& object, absl::Time now, Array* cells);
void PrintValidatingAdmissionPolicy(const Value& object, absl::Time now, Array* cells);
void PrintValidatingAdmissionPolicyBinding(const Value& object, absl::Time now, Array* cells);
void PrintApiService(const Value& object, absl::Time now, Array* cells);
void PrintFlowSchema(const Value& object, absl::Time now, Array* cells);
void PrintPriorityLevelConfiguration(const Value& object, absl::Time now, Array* cells);
void PrintNameAndAge(const Value& object, absl::Time now, Array* cells);
void PrintNameAndCreation(const Value& object, absl::Time now, Array* cells);  // a kind without a printer

// storage_printers.cc
void PrintPersistentVolume(const Value& object, absl::Time now, Array* cells);
void PrintPersistentVolumeClaim(const Value& object, absl::Time now, Array* cells);
void PrintStorageClass(const Value& object, absl::Time now, Array* cells);
void PrintVolumeAttributesClass(const Value& object, absl::Time now, Array* cells);
void PrintVolumeAttachment(const Value& object, absl::Time now, Array* cells);
void PrintCsiNode(const Value& object, absl::Time now, Array* cells);
void PrintCsiDriver(const Value& object, absl::Time now, Array* cells);
void PrintResourceClaim(const Value& object, absl::Time now, Array* cells);
void PrintResourceSlice(const Value& object, absl::Time now, Array* cells);

}  // namespace apiserver::tables
