// The rest of core/v1.
#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "apiserver/defaults/rules.h"

namespace apiserver::defaults {
namespace {

using apimachinery::Array;
using apimachinery::Value;

void ReplicationController(Value& rc) {
  Value& spec = rc["spec"];
  if (spec.is_null()) spec = Value::MakeObject();
  if (const Value* labels = spec.At("template.metadata.labels")) {
    const Value copy = *labels;
    if (spec.GetObject("selector").empty()) spec.Set("selector", copy);
    if (rc.GetObject("metadata.labels").empty()) rc["metadata"].Set("labels", copy);
  }
}

void Service(Value& service) {
  Value& spec = service["spec"];
  if (spec.is_null()) spec = Value::MakeObject();
  FillZero(spec, "sessionAffinity", "None");
  if (spec.GetString("sessionAffinity") == "None") spec.Erase("sessionAffinityConfig");
  if (spec.GetString("sessionAffinity") == "ClientIP" &&
      spec.At("sessionAffinityConfig.clientIP.timeoutSeconds") == nullptr) {
    Value config = Value::MakeObject();
    config["clientIP"].Set("timeoutSeconds", 10800);
    spec.Set("sessionAffinityConfig", std::move(config));
  }
  FillZero(spec, "type", "ClusterIP");
  if (Value* ports = spec.Find("ports")) {
    for (Value& port : ports->array()) {
      FillZero(port, "protocol", "TCP");
      const Value* number = port.Find("port");
      FillZero(port, "targetPort", number == nullptr ? Value(0) : *number);
    }
  }
  const std::string type = spec.GetString("type");
  const bool balanced = type == "LoadBalancer";
  const bool external = balanced || type == "NodePort" || (type == "ClusterIP" && !spec.GetArray("externalIPs").empty());
  if (external) FillZero(spec, "externalTrafficPolicy", "Cluster");
  if (balanced || type == "NodePort" || type == "ClusterIP") Fill(spec, "internalTrafficPolicy", "Cluster");
  if (!balanced) return;
  Fill(spec, "allocateLoadBalancerNodePorts", true);
  if (Value* ingress = service.At("status.loadBalancer.ingress")) {
    for (Value& point : ingress->array()) {
      if (!point.GetString("ip").empty()) Fill(point, "ipMode", "VIP");
    }
  }
}

void Secret(Value& secret) {
  FillZero(secret, "type", "Opaque");
  const Value* plain = secret.Find("stringData");
  if (plain == nullptr) return;
  const Value texts = *plain;
  secret.Erase("stringData");
  for (const auto& [key, text] : texts.is_object() ? texts.object() : apimachinery::Object{}) {
    secret["data"].Set(key, absl::Base64Escape(text.is_string() ? text.as_string() : ""));
  }
}

void PersistentVolume(Value& volume) {
  FillZero(volume.Ensure("status"), "phase", "Pending");
  Value& spec = volume.Ensure("spec");
  FillZero(spec, "persistentVolumeReclaimPolicy", "Retain");
  Fill(spec, "volumeMode", "Filesystem");
}

void Claim(Value& claim) { FillZero(claim.Ensure("status"), "phase", "Pending"); }
void ClaimSpec(Value& spec) { Fill(spec, "volumeMode", "Filesystem"); }
void EndpointPort(Value& port) { FillZero(port, "protocol", "TCP"); }
void NamespaceStatus(Value& status) { FillZero(status, "phase", "Active"); }

void Namespace(Value& ns) {
  if (const std::string name = ns.GetString("metadata.name"); !name.empty()) {
    ns.Ensure("metadata.labels").Set("kubernetes.io/metadata.name", name);
  }
}

// A single member and a list that begins with it: where they differ the single one counts.
void FirstOf(Value& object, absl::string_view single, absl::string_view list, absl::string_view member) {
  const std::string one = object.GetString(single);
  const Array& all = object.GetArray(list);
  const auto text = [&](const Value& item) { return member.empty() ? item.as_string() : item.GetString(member); };
  if (!one.empty() && (all.empty() || text(all[0]) != one)) {
    Value item = one;
    if (!member.empty()) {
      item = Value::MakeObject();
      item.Set(member, one);
    }
    object.Set(list, Array{std::move(item)});
  } else if (!all.empty()) {
    object.Set(single, text(all[0]));
  }
}

void NodeSpec(Value& spec) { FirstOf(spec, "podCIDR", "podCIDRs", ""); }
void PodStatus(Value& status) { FirstOf(status, "podIP", "podIPs", "ip"); }

void NodeStatus(Value& status) {
  if (!status.Has("allocatable") && status.Has("capacity")) status.Set("allocatable", Value(*status.Find("capacity")));
}

void LimitRangeItem(Value& item) {
  if (item.GetString("type") != "Container") return;
  const auto copy_missing = [&item](absl::string_view from, absl::string_view to) {
    const Value* source = item.Find(from);
    if (source == nullptr) return;
    const Value values = *source;
    for (const auto& [name, value] : values.object()) Fill(item[to], name, value);
  };
  copy_missing("max", "default");
  copy_missing("default", "defaultRequest");
  copy_missing("min", "defaultRequest");
}

}  // namespace

Rule FindCoreRule(absl::string_view name) {
  static const auto& rules = *new absl::flat_hash_map<absl::string_view, Rule>{
      {"core.v1.ReplicationController", ReplicationController},
      {"core.v1.Service", Service},
      {"core.v1.Secret", Secret},
      {"core.v1.PersistentVolume", PersistentVolume},
      {"core.v1.PersistentVolumeClaim", Claim},
      {"core.v1.PersistentVolumeClaimSpec", ClaimSpec},
      {"core.v1.EndpointPort", EndpointPort},
      {"core.v1.Namespace", Namespace},
      {"core.v1.NamespaceStatus", NamespaceStatus},
      {"core.v1.NodeSpec", NodeSpec},
      {"core.v1.NodeStatus", NodeStatus},
      {"core.v1.PodStatus", PodStatus},
      {"core.v1.LimitRangeItem", LimitRangeItem},
  };
  const auto it = rules.find(name);
  return it == rules.end() ? nullptr : it->second;
}

}  // namespace apiserver::defaults
