// The groups besides core/v1.
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apimachinery/time.h"
#include "apiserver/defaults/autoscaler_versions.h"
#include "apiserver/defaults/rules.h"

namespace apiserver::defaults {
namespace {

using apimachinery::Value;

Value Policy(const char* type, int value) {
  Value out = Value::MakeObject();
  out.Set("type", type);
  out.Set("value", value);
  out.Set("periodSeconds", 15);
  return out;
}

void Deployment(Value& deployment) {
  Value& spec = deployment.Ensure("spec");
  Fill(spec, "replicas", 1);
  Value& strategy = spec.Ensure("strategy");
  FillZero(strategy, "type", "RollingUpdate");
  if (strategy.GetString("type") == "RollingUpdate") {
    Value& rolling = strategy.Ensure("rollingUpdate");
    Fill(rolling, "maxUnavailable", "25%");
    Fill(rolling, "maxSurge", "25%");
  }
  Fill(spec, "revisionHistoryLimit", 10);
  Fill(spec, "progressDeadlineSeconds", 600);
}

void DaemonSet(Value& set) {
  // Upstream's internal type counts generations of the template in a member that v1 shows as an annotation.
  Fill(set.Ensure("metadata.annotations"), "deprecated.daemonset.template.generation", "0");
  Value& spec = set.Ensure("spec");
  Value& strategy = spec.Ensure("updateStrategy");
  FillZero(strategy, "type", "RollingUpdate");
  if (strategy.GetString("type") == "RollingUpdate") {
    Value& rolling = strategy.Ensure("rollingUpdate");
    Fill(rolling, "maxUnavailable", 1);
    Fill(rolling, "maxSurge", 0);
  }
  Fill(spec, "revisionHistoryLimit", 10);
}

void StatefulSet(Value& set) {
  Value& spec = set.Ensure("spec");
  FillZero(spec, "podManagementPolicy", "OrderedReady");
  Value& strategy = spec.Ensure("updateStrategy");
  if (strategy.GetString("type").empty()) {
    strategy.Set("type", "RollingUpdate");
    strategy.Ensure("rollingUpdate");
  }
  if (Value* rolling = strategy.Find("rollingUpdate"); rolling && strategy.GetString("type") == "RollingUpdate") {
    Fill(*rolling, "partition", 0);
  }
  Value& retention = spec.Ensure("persistentVolumeClaimRetentionPolicy");
  FillZero(retention, "whenDeleted", "Retain");
  FillZero(retention, "whenScaled", "Retain");
  Fill(spec, "replicas", 1);
  Fill(spec, "revisionHistoryLimit", 10);
  if (Value* templates = spec.Find("volumeClaimTemplates")) {
    for (Value& claim : templates->array()) {
      claim.Set("kind", "PersistentVolumeClaim");
      claim.Set("apiVersion", "v1");
    }
  }
}

void ReplicaSet(Value& set) { Fill(set.Ensure("spec"), "replicas", 1); }

void Job(Value& job) {
  Value& spec = job.Ensure("spec");
  if (!spec.Has("completions") && !spec.Has("parallelism")) spec.Set("completions", 1);
  Fill(spec, "parallelism", 1);
  Fill(spec, "backoffLimit", spec.Has("backoffLimitPerIndex") ? Value(int64_t{INT32_MAX}) : Value(6));
  if (const Value* labels = spec.At("template.metadata.labels"); labels && job.GetObject("metadata.labels").empty()) {
    const Value copy = *labels;
    job.Ensure("metadata").Set("labels", copy);
  }
  Fill(spec, "completionMode", "NonIndexed");
  Fill(spec, "suspend", false);
  Fill(spec, "podReplacementPolicy", spec.Has("podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
  Fill(spec, "manualSelector", false);
}

void CronJob(Value& job) {
  Value& spec = job.Ensure("spec");
  FillZero(spec, "concurrencyPolicy", "Allow");
  Fill(spec, "suspend", false);
  Fill(spec, "successfulJobsHistoryLimit", 3);
  Fill(spec, "failedJobsHistoryLimit", 1);
}

void PodConditionPattern(Value& pattern) { FillZero(pattern, "status", "True"); }

void AutoscalerV1(Value& scaler) {
  Value& spec = scaler.Ensure("spec");
  Fill(spec, "minReplicas", 1);
  const Value* annotations = scaler.At("metadata.annotations");
  if (annotations == nullptr || !annotations->Has("autoscaling.alpha.kubernetes.io/metrics")) {
    Fill(spec, "targetCPUUtilizationPercentage", 80);
  }
  // What v2 has no place for gets lost, what it keeps in other words comes back in those.
  AutoscalerToV2(scaler);
  AutoscalerToV1(scaler);
}

void ScalingRules(Value& behavior, absl::string_view direction) {
  Value& rules = behavior.Ensure(direction);
  Fill(rules, "selectPolicy", "Max");
  if (direction == "scaleUp") Fill(rules, "stabilizationWindowSeconds", 0);
  if (rules.FindSet("policies") != nullptr) return;
  if (direction == "scaleUp") rules["policies"].Append(Policy("Pods", 4));
  rules["policies"].Append(Policy("Percent", 100));
}

void AutoscalerV2(Value& scaler) {
  DropAutoscalerAnnotations(scaler);
  Value& spec = scaler.Ensure("spec");
  Fill(spec, "minReplicas", 1);
  if (spec.GetArray("metrics").empty()) {
    Value metric = Value::MakeObject();
    metric.Set("type", "Resource");
    Value& resource = metric["resource"];
    resource.Set("name", "cpu");
    resource["target"].Set("type", "Utilization");
    resource["target"].Set("averageUtilization", 80);
    Value metrics = Value::MakeArray();
    metrics.Append(std::move(metric));
    spec.Set("metrics", std::move(metrics));
  }
  if (Value* behavior = spec.Find("behavior")) {
    ScalingRules(*behavior, "scaleUp");
    ScalingRules(*behavior, "scaleDown");
  }
}

void NetworkPolicyPort(Value& port) { Fill(port, "protocol", "TCP"); }

void NetworkPolicy(Value& policy) {
  Value& spec = policy.Ensure("spec");
  if (!spec.GetArray("policyTypes").empty()) return;
  Value types = Value::MakeArray();
  types.Append("Ingress");
  if (!spec.GetArray("egress").empty()) types.Append("Egress");
  spec.Set("policyTypes", std::move(types));
}

void IngressClass(Value& ingress_class) {
  if (Value* parameters = ingress_class.At("spec.parameters")) Fill(*parameters, "scope", "Cluster");
}

void RoleBinding(Value& binding) { FillZero(binding.Ensure("roleRef"), "apiGroup", "rbac.authorization.k8s.io"); }

void Subject(Value& subject) {
  const std::string kind = subject.GetString("kind");
  if (kind == "User" || kind == "Group") FillZero(subject, "apiGroup", "rbac.authorization.k8s.io");
}

void PriorityClass(Value& priority) { Fill(priority, "preemptionPolicy", "PreemptLowerPriority"); }

void StorageClass(Value& storage) {
  Fill(storage, "reclaimPolicy", "Delete");
  Fill(storage, "volumeBindingMode", "Immediate");
}

void CsiDriver(Value& driver) {
  Value& spec = driver.Ensure("spec");
  Fill(spec, "attachRequired", true);
  Fill(spec, "podInfoOnMount", false);
  Fill(spec, "storageCapacity", false);
  Fill(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
  if (spec.GetArray("volumeLifecycleModes").empty()) {
    spec.Set("volumeLifecycleModes", Value(apimachinery::Array{Value("Persistent")}));
  }
  Fill(spec, "requiresRepublish", false);
  Fill(spec, "seLinuxMount", false);
}

void EndpointSlicePort(Value& port) {
  Fill(port, "name", "");
  Fill(port, "protocol", "TCP");
}

void Webhook(Value& webhook) {
  Fill(webhook, "failurePolicy", "Fail");
  Fill(webhook, "matchPolicy", "Equivalent");
  Fill(webhook, "namespaceSelector", Value::MakeObject());
  Fill(webhook, "objectSelector", Value::MakeObject());
  Fill(webhook, "timeoutSeconds", 10);
}

void MutatingWebhook(Value& webhook) {
  Webhook(webhook);
  Fill(webhook, "reinvocationPolicy", "Never");
}

void AdmissionRule(Value& rule) { Fill(rule, "scope", "*"); }
void ServicePort(Value& reference) { Fill(reference, "port", 443); }
void AdmissionPolicySpec(Value& spec) { Fill(spec, "failurePolicy", "Fail"); }

void MatchResources(Value& match) {
  Fill(match, "matchPolicy", "Equivalent");
  Fill(match, "namespaceSelector", Value::MakeObject());
  Fill(match, "objectSelector", Value::MakeObject());
}

void FlowSchemaSpec(Value& spec) { FillZero(spec, "matchingPrecedence", 1000); }

void ExemptPriorityLevel(Value& level) {
  Fill(level, "nominalConcurrencyShares", 0);
  Fill(level, "lendablePercent", 0);
}

void LimitedPriorityLevel(Value& level) {
  Fill(level, "nominalConcurrencyShares", 30);
  Fill(level, "lendablePercent", 0);
}

void Queuing(Value& config) {
  FillZero(config, "handSize", 8);
  FillZero(config, "queues", 64);
  FillZero(config, "queueLengthLimit", 50);
}

void DeviceRequest(Value& request) {
  FillZero(request, "allocationMode", "ExactCount");
  if (request.GetString("allocationMode") == "ExactCount") FillZero(request, "count", 1);
}

void DeviceTaint(Value& taint) { Fill(taint, "timeAdded", apimachinery::FormatTime(absl::Now())); }
void TokenRequestSpec(Value& spec) { Fill(spec, "expirationSeconds", 3600); }

void ResourceDefinition(Value& spec) {
  Value& names = spec.Ensure("names");
  const std::string kind = names.GetString("kind");
  if (!kind.empty()) {
    FillZero(names, "singular", absl::AsciiStrToLower(kind));
    FillZero(names, "listKind", absl::StrCat(kind, "List"));
  }
  if (!spec.Has("conversion")) spec.Ensure("conversion").Set("strategy", "None");
  // Upstream's internal form holds the webhook's two members in its parent: an empty one is none.
  if (const Value* webhook = spec.At("conversion.webhook");
      webhook != nullptr && !webhook->Has("clientConfig") && webhook->GetArray("conversionReviewVersions").empty()) {
    spec.EraseAt("conversion.webhook");
  }
}

}  // namespace

Rule FindRule(absl::string_view name) {
  static const auto& rules = *new absl::flat_hash_map<absl::string_view, Rule>{
      {"apps.v1.Deployment", Deployment},
      {"apps.v1.DaemonSet", DaemonSet},
      {"apps.v1.StatefulSet", StatefulSet},
      {"apps.v1.ReplicaSet", ReplicaSet},
      {"batch.v1.Job", Job},
      {"batch.v1.CronJob", CronJob},
      {"batch.v1.PodFailurePolicyOnPodConditionsPattern", PodConditionPattern},
      {"autoscaling.v1.HorizontalPodAutoscaler", AutoscalerV1},
      {"autoscaling.v2.HorizontalPodAutoscaler", AutoscalerV2},
      {"networking.v1.NetworkPolicyPort", NetworkPolicyPort},
      {"networking.v1.NetworkPolicy", NetworkPolicy},
      {"networking.v1.IngressClass", IngressClass},
      {"rbac.v1.RoleBinding", RoleBinding},
      {"rbac.v1.ClusterRoleBinding", RoleBinding},
      {"rbac.v1.Subject", Subject},
      {"scheduling.v1.PriorityClass", PriorityClass},
      {"storage.v1.StorageClass", StorageClass},
      {"storage.v1.CSIDriver", CsiDriver},
      {"discovery.v1.EndpointPort", EndpointSlicePort},
      {"admissionregistration.v1.ValidatingWebhook", Webhook},
      {"admissionregistration.v1.MutatingWebhook", MutatingWebhook},
      {"admissionregistration.v1.Rule", AdmissionRule},
      {"admissionregistration.v1.ServiceReference", ServicePort},
      {"admissionregistration.v1.ValidatingAdmissionPolicySpec", AdmissionPolicySpec},
      {"admissionregistration.v1.MatchResources", MatchResources},
      {"flowcontrol.v1.FlowSchemaSpec", FlowSchemaSpec},
      {"flowcontrol.v1.ExemptPriorityLevelConfiguration", ExemptPriorityLevel},
      {"flowcontrol.v1.LimitedPriorityLevelConfiguration", LimitedPriorityLevel},
      {"flowcontrol.v1.QueuingConfiguration", Queuing},
      {"dra.v1.ExactDeviceRequest", DeviceRequest},
      {"dra.v1.DeviceSubRequest", DeviceRequest},
      {"dra.v1.DeviceTaint", DeviceTaint},
      {"authentication.v1.TokenRequestSpec", TokenRequestSpec},
      {"apiextensions.v1.CustomResourceDefinitionSpec", ResourceDefinition},
      {"apiextensions.v1.ServiceReference", ServicePort},
      {"apiregistration.v1.ServiceReference", ServicePort},
  };
  if (const auto it = rules.find(name); it != rules.end()) return it->second;
  if (Rule rule = FindPodRule(name)) return rule;
  return FindCoreRule(name);
}

}  // namespace apiserver::defaults
