#include <algorithm>

#include "absl/strings/str_join.h"
#include "kubectl/describe/parts.h"
#include "kubectl/rest/client.h"

namespace kubectl {
namespace {

// The replica set of the deployment's present template, and all others, oldest first.
struct ReplicaSets {
  std::vector<Value> old;
  Value current;
};

bool SameTemplate(const Value& deployment, const Value& replica_set) {
  Value a = *deployment.At("spec.template"), b = *replica_set.At("spec.template");
  if (Value* labels = b.At("metadata.labels"); labels != nullptr)
    labels->Erase("pod-template-hash");
  return a == b;
}

ReplicaSets ReplicaSetsOf(const Value& deployment, const Cluster& cluster) {
  ReplicaSets result;
  absl::StatusOr<std::vector<Value>> all = cluster.list(absl::StrCat(
      "/apis/apps/v1/namespaces/", deployment.GetString("metadata.namespace"),
      "/replicasets?labelSelector=", UrlEscape(SelectorText(deployment.At("spec.selector")))));
  if (!all.ok()) return result;
  std::vector<Value> owned;
  for (Value& set : *all) {
    for (const Value& owner : set.GetArray("metadata.ownerReferences")) {
      if (owner.GetBool("controller") &&
          owner.GetString("uid") == deployment.GetString("metadata.uid")) {
        owned.push_back(std::move(set));
        break;
      }
    }
  }
  std::stable_sort(owned.begin(), owned.end(), [](const Value& a, const Value& b) {
    const std::string x = a.GetString("metadata.creationTimestamp"),
                      y = b.GetString("metadata.creationTimestamp");
    return x == y ? a.GetString("metadata.name") < b.GetString("metadata.name") : x < y;
  });
  for (Value& set : owned) {
    if (result.current.is_null() && SameTemplate(deployment, set))
      result.current = std::move(set);
    else
      result.old.push_back(std::move(set));
  }
  return result;
}

std::string SetText(const Value& set) {
  return absl::StrCat(set.GetString("metadata.name"), " (", set.GetInt("status.replicas"), "/",
                      set.GetInt("spec.replicas", 1), " replicas created)");
}

}  // namespace

void DescribeDeployment(const Value& object, const Cluster& cluster, Events events,
                        DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  w.Write(0, "Namespace:\t", object.GetString("metadata.namespace"), "\n");
  w.Write(0, "CreationTimestamp:\t", TimeText(object.GetString("metadata.creationTimestamp")),
          "\n");
  WriteLabels(w, "Labels", object.At("metadata.labels"));
  WriteAnnotations(w, object.At("metadata.annotations"));
  w.Write(0, "Selector:\t", SelectorText(object.At("spec.selector")), "\n");
  w.Write(0, "Replicas:\t", object.GetInt("spec.replicas", 1), " desired | ",
          object.GetInt("status.updatedReplicas"), " updated | ", object.GetInt("status.replicas"),
          " total | ", object.GetInt("status.availableReplicas"), " available | ",
          object.GetInt("status.unavailableReplicas"), " unavailable\n");
  w.Write(0, "StrategyType:\t", object.GetString("spec.strategy.type"), "\n");
  w.Write(0, "MinReadySeconds:\t", object.GetInt("spec.minReadySeconds"), "\n");
  if (const Value* rolling = object.At("spec.strategy.rollingUpdate"); rolling != nullptr) {
    w.Write(0, "RollingUpdateStrategy:\t", IntOrString(rolling->Find("maxUnavailable"), "0"),
            " max unavailable, ", IntOrString(rolling->Find("maxSurge"), "0"), " max surge\n");
  }
  if (const Value* pod_template = object.At("spec.template"); pod_template != nullptr)
    WritePodTemplate(w, *pod_template);
  const Array& conditions = object.GetArray("status.conditions");
  if (!conditions.empty()) {
    w.Write(0, "Conditions:\n  Type\tStatus\tReason\n");
    w.Write(1, "----\t------\t------\n");
    for (const Value& c : conditions)
      w.Write(1, c.GetString("type"), " \t", c.GetString("status"), "\t", c.GetString("reason"),
              "\n");
  }
  const ReplicaSets sets = ReplicaSetsOf(object, cluster);
  std::vector<std::string> old;
  for (const Value& set : sets.old) old.push_back(SetText(set));
  w.Write(0, "OldReplicaSets:\t", OrNone(absl::StrJoin(old, ", ")), "\n");
  w.Write(0, "NewReplicaSet:\t", sets.current.is_null() ? "<none>" : SetText(sets.current), "\n");
  WriteEvents(w, events);
}

}  // namespace kubectl
