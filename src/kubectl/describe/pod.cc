#include "kubectl/describe/parts.h"
#include "kubectl/printers/table.h"

namespace kubectl {
namespace {

void WriteStatus(const Value& pod, DescribeWriter& w) {
  const std::string phase = pod.GetString("status.phase");
  if (pod.At("metadata.deletionTimestamp") != nullptr && phase != "Failed" &&
      phase != "Succeeded") {
    w.Write(0, "Status:\tTerminating (lasts ", AgeOf(pod.GetString("metadata.deletionTimestamp")),
            ")\n");
    w.Write(0, "Termination Grace Period:\t", pod.GetInt("metadata.deletionGracePeriodSeconds"),
            "s\n");
  } else {
    w.Write(0, "Status:\t", phase, "\n");
  }
  const std::string reason = pod.GetString("status.reason"),
                    message = pod.GetString("status.message");
  if (!reason.empty()) w.Write(0, "Reason:\t", reason, "\n");
  if (!message.empty()) w.Write(0, "Message:\t", message, "\n");
  if (const Value* profile = pod.At("spec.securityContext.seccompProfile"); profile != nullptr) {
    w.Write(0, "SeccompProfile:\t", profile->GetString("type"), "\n");
    if (profile->GetString("type") == "Localhost")
      w.Write(0, "LocalhostProfile:\t", profile->GetString("localhostProfile"), "\n");
  }
  w.Write(0, "IP:\t", pod.GetString("status.podIP"), "\n");
  const Array& ips = pod.GetArray("status.podIPs");
  w.Write(0, ips.empty() ? "IPs:\t<none>\n" : "IPs:\n");
  for (const Value& ip : ips) w.Write(1, "IP:\t", ip.GetString("ip"), "\n");
}

void WriteConditions(const Value& pod, DescribeWriter& w) {
  const Array& gates = pod.GetArray("spec.readinessGates");
  const Array& conditions = pod.GetArray("status.conditions");
  if (!gates.empty()) {
    w.Write(0, "Readiness Gates:\n  Type\tStatus\n");
    for (const Value& gate : gates) {
      const std::string type = gate.GetString("conditionType");
      std::string status = "<none>";
      for (const Value& condition : conditions) {
        if (condition.GetString("type") == type) status = condition.GetString("status");
      }
      w.Write(1, type, " \t", status, " \n");
    }
  }
  if (conditions.empty()) return;
  w.Write(0, "Conditions:\n  Type\tStatus\n");
  for (const Value& condition : conditions)
    w.Write(1, condition.GetString("type"), " \t", condition.GetString("status"), " \n");
}

}  // namespace

void DescribePod(const Value& pod, Events events, DescribeWriter& w) {
  w.Write(0, "Name:\t", pod.GetString("metadata.name"), "\n");
  w.Write(0, "Namespace:\t", pod.GetString("metadata.namespace"), "\n");
  if (pod.At("spec.priority") != nullptr)
    w.Write(0, "Priority:\t", pod.GetInt("spec.priority"), "\n");
  for (const auto& [field, title] : {std::pair("spec.priorityClassName", "Priority Class Name"),
                                     std::pair("spec.runtimeClassName", "Runtime Class Name"),
                                     std::pair("spec.serviceAccountName", "Service Account")}) {
    const std::string text = pod.GetString(field);
    if (!text.empty()) w.Write(0, title, ":\t", text, "\n");
  }
  const std::string node = pod.GetString("spec.nodeName");
  w.Write(0, "Node:\t",
          node.empty() ? "<none>" : absl::StrCat(node, "/", pod.GetString("status.hostIP")), "\n");
  const std::string start = pod.GetString("status.startTime");
  if (!start.empty()) w.Write(0, "Start Time:\t", TimeText(start), "\n");
  WriteLabels(w, "Labels", pod.At("metadata.labels"));
  WriteAnnotations(w, pod.At("metadata.annotations"));
  WriteStatus(pod, w);
  const std::string controller = ControllerOf(pod);
  if (!controller.empty()) w.Write(0, "Controlled By:\t", controller, "\n");
  const std::string nominated = pod.GetString("status.nominatedNodeName");
  if (!nominated.empty()) w.Write(0, "NominatedNodeName:\t", nominated, "\n");
  const Array& init = pod.GetArray("spec.initContainers");
  if (!init.empty())
    WriteContainers(w, "Init Containers", init, pod.GetArray("status.initContainerStatuses"), &pod,
                    "");
  WriteContainers(w, "Containers", pod.GetArray("spec.containers"),
                  pod.GetArray("status.containerStatuses"), &pod, "");
  const Array& ephemeral = pod.GetArray("spec.ephemeralContainers");
  if (!ephemeral.empty()) {
    WriteContainers(w, "Ephemeral Containers", ephemeral,
                    pod.GetArray("status.ephemeralContainerStatuses"), &pod, "");
  }
  WriteConditions(pod, w);
  WriteVolumes(w, pod.GetArray("spec.volumes"), "");
  w.Write(0, "QoS Class:\t", QosClass(pod), "\n");
  WriteLabels(w, "Node-Selectors", pod.At("spec.nodeSelector"));
  WriteTolerations(w, pod.At("spec.tolerations"));
  WriteTopologySpread(w, pod.GetArray("spec.topologySpreadConstraints"), "");
  WriteEvents(w, events);
}

}  // namespace kubectl
