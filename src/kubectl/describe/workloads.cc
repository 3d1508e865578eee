// Replica sets, replication controllers, daemon sets and stateful sets.
#include "kubectl/describe/parts.h"

namespace kubectl {
namespace {

void WritePodsStatus(DescribeWriter& w, const Cluster& cluster, const Value& owner,
                     const Value& selector) {
  const absl::StatusOr<PodCounts> counts = CountPods(cluster, owner, &selector);
  w.Write(0, "Pods Status:\t");
  if (!counts.ok()) {
    w.Write(0, "error in fetching pods: ", counts.status().message(), "\n");
    return;
  }
  w.Write(0, counts->running, " Running / ", counts->waiting, " Waiting / ", counts->succeeded,
          " Succeeded / ", counts->failed, " Failed\n");
}

void WriteConditions(DescribeWriter& w, const Value& object) {
  const Array& conditions = object.GetArray("status.conditions");
  if (conditions.empty()) return;
  w.Write(0, "Conditions:\n  Type\tStatus\tReason\n");
  w.Write(1, "----\t------\t------\n");
  for (const Value& c : conditions)
    w.Write(1, c.GetString("type"), " \t", c.GetString("status"), "\t", c.GetString("reason"),
            "\n");
}

const Value& SelectorOf(const Value& object) {
  static const Value kNone;
  const Value* selector = object.At("spec.selector");
  return selector == nullptr ? kNone : *selector;
}

void WriteReplicaSetLike(const Value& object, const Value& selector,
                         const std::string& selector_text, const Cluster& cluster, Events events,
                         DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  w.Write(0, "Namespace:\t", object.GetString("metadata.namespace"), "\n");
  w.Write(0, "Selector:\t", selector_text, "\n");
  WriteLabels(w, "Labels", object.At("metadata.labels"));
  WriteAnnotations(w, object.At("metadata.annotations"));
  const std::string controller = ControllerOf(object);
  if (!controller.empty()) w.Write(0, "Controlled By:\t", controller, "\n");
  w.Write(0, "Replicas:\t", object.GetInt("status.replicas"), " current / ",
          object.GetInt("spec.replicas", 1), " desired\n");
  WritePodsStatus(w, cluster, object, selector);
  if (const Value* pod_template = object.At("spec.template"); pod_template != nullptr)
    WritePodTemplate(w, *pod_template);
  WriteConditions(w, object);
  WriteEvents(w, events);
}

}  // namespace

void DescribeReplicaSet(const Value& object, const Cluster& cluster, Events events,
                        DescribeWriter& w) {
  const Value& selector = SelectorOf(object);
  WriteReplicaSetLike(object, selector, SelectorText(&selector), cluster, events, w);
}

void DescribeReplicationController(const Value& object, const Cluster& cluster, Events events,
                                   DescribeWriter& w) {
  Value selector;
  selector.Set("matchLabels", SelectorOf(object));
  WriteReplicaSetLike(object, selector, LabelsText(&SelectorOf(object)), cluster, events, w);
}

void DescribeDaemonSet(const Value& object, const Cluster& cluster, Events events,
                       DescribeWriter& w) {
  const Value& selector = SelectorOf(object);
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  w.Write(0, "Namespace:\t", object.GetString("metadata.namespace"), "\n");
  w.Write(0, "Selector:\t", SelectorText(&selector), "\n");
  w.Write(0, "Node-Selector:\t", LabelsText(object.At("spec.template.spec.nodeSelector")), "\n");
  WriteLabels(w, "Labels", object.At("metadata.labels"));
  WriteAnnotations(w, object.At("metadata.annotations"));
  w.Write(0, "Desired Number of Nodes Scheduled: ", object.GetInt("status.desiredNumberScheduled"),
          "\n");
  w.Write(0, "Current Number of Nodes Scheduled: ", object.GetInt("status.currentNumberScheduled"),
          "\n");
  w.Write(0, "Number of Nodes Scheduled with Up-to-date Pods: ",
          object.GetInt("status.updatedNumberScheduled"), "\n");
  w.Write(0, "Number of Nodes Scheduled with Available Pods: ",
          object.GetInt("status.numberAvailable"), "\n");
  w.Write(0, "Number of Nodes Misscheduled: ", object.GetInt("status.numberMisscheduled"), "\n");
  WritePodsStatus(w, cluster, object, selector);
  if (const Value* pod_template = object.At("spec.template"); pod_template != nullptr)
    WritePodTemplate(w, *pod_template);
  WriteEvents(w, events);
}

void DescribeStatefulSet(const Value& object, const Cluster& cluster, Events events,
                         DescribeWriter& w) {
  const Value& selector = SelectorOf(object);
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  w.Write(0, "Namespace:\t", object.GetString("metadata.namespace"), "\n");
  w.Write(0, "CreationTimestamp:\t", TimeText(object.GetString("metadata.creationTimestamp")),
          "\n");
  w.Write(0, "Selector:\t", SelectorText(&selector), "\n");
  WriteLabels(w, "Labels", object.At("metadata.labels"));
  WriteAnnotations(w, object.At("metadata.annotations"));
  w.Write(0, "Replicas:\t", object.GetInt("spec.replicas", 1), " desired | ",
          object.GetInt("status.replicas"), " total\n");
  w.Write(0, "Update Strategy:\t", object.GetString("spec.updateStrategy.type"), "\n");
  if (object.At("spec.updateStrategy.rollingUpdate.partition") != nullptr) {
    w.Write(1, "Partition:\t", object.GetInt("spec.updateStrategy.rollingUpdate.partition"), "\n");
    if (const Value* max = object.At("spec.updateStrategy.rollingUpdate.maxUnavailable"))
      w.Write(1, "MaxUnavailable:\t", IntOrString(max), "\n");
  }
  WritePodsStatus(w, cluster, object, selector);
  if (const Value* pod_template = object.At("spec.template"); pod_template != nullptr)
    WritePodTemplate(w, *pod_template);
  const Array& claims = object.GetArray("spec.volumeClaimTemplates");
  w.Write(0, claims.empty() ? "Volume Claims:\t<none>\n" : "Volume Claims:\n");
  for (const Value& claim : claims) {
    w.Write(1, "Name:\t", claim.GetString("metadata.name"), "\n");
    w.Write(1, "StorageClass:\t", claim.GetString("spec.storageClassName"), "\n");
    WriteLabels(w, "Labels", claim.At("metadata.labels"), "  ");
    WriteLabels(w, "Annotations", claim.At("metadata.annotations"), "  ");
    w.Write(1, "Capacity:\t", claim.GetString("spec.resources.requests.storage", "<default>"),
            "\n");
    w.Write(1, "Access Modes:\t[", JoinStrings(claim.GetArray("spec.accessModes"), " "), "]\n");
  }
  WriteEvents(w, events);
}

}  // namespace kubectl
