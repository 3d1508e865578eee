#include <limits>
#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "apimachinery/quantity.h"
#include "kubectl/describe/parts.h"
#include "kubectl/printers/table.h"
#include "kubectl/rest/client.h"

namespace kubectl {
namespace {

using apimachinery::Quantity;
using Amounts = std::map<std::string, Quantity>;

std::string Roles(const Value& node) {
  std::set<std::string> roles;
  for (const auto* member : SortedMembers(node.At("metadata.labels"))) {
    absl::string_view key = member->key;
    if (absl::ConsumePrefix(&key, "node-role.kubernetes.io/")) {
      if (!key.empty()) roles.insert(std::string(key));
    } else if (member->key == "kubernetes.io/role" && !member->value.as_string().empty()) {
      roles.insert(member->value.as_string());
    }
  }
  return OrNone(absl::StrJoin(roles, ","));
}

void Add(Amounts* total, const Amounts& more) {
  for (const auto& [name, amount] : more) {
    const auto [it, inserted] = total->emplace(name, amount);
    if (!inserted) it->second.Add(amount);
  }
}

void Max(Amounts* total, const Amounts& other) {
  for (const auto& [name, amount] : other) {
    const auto [it, inserted] = total->emplace(name, amount);
    if (!inserted && it->second < amount) it->second = amount;
  }
}

Amounts AmountsOf(const Value* list) {
  Amounts amounts;
  for (const auto* member : SortedMembers(list)) {
    if (member->value.is_string())
      amounts[member->key] = Quantity::ParseOrZero(member->value.as_string());
  }
  return amounts;
}

// What the scheduler counts for a pod: its containers together, or an init container that needs
// more alone, with restartable init containers running beside what follows them.
Amounts PodAmounts(const Value& pod, absl::string_view which) {
  Amounts total, sidecars, init_peak;
  for (const Value& container : pod.GetArray("spec.containers"))
    Add(&total, AmountsOf(container.At(absl::StrCat("resources.", which))));
  for (const Value& container : pod.GetArray("spec.initContainers")) {
    Amounts own = AmountsOf(container.At(absl::StrCat("resources.", which)));
    if (container.GetString("restartPolicy") == "Always") {
      Add(&total, own);
      Add(&sidecars, own);
      own = sidecars;
    } else {
      Add(&own, sidecars);
    }
    Max(&init_peak, own);
  }
  Max(&total, init_peak);
  if (const Value* overhead = pod.At("spec.overhead"); overhead != nullptr) {
    for (const auto& [name, amount] : AmountsOf(overhead)) {
      if (which == "requests" || total.count(name) > 0) Add(&total, {{name, amount}});
    }
  }
  return total;
}

Quantity Of(const Amounts& amounts, const std::string& name) {
  const auto it = amounts.find(name);
  return it == amounts.end() ? Quantity() : it->second;
}

int64_t Percent(const Quantity& part, const Quantity& whole, bool milli) {
  const double a =
      milli ? static_cast<double>(part.MilliValue()) : static_cast<double>(part.Value());
  const double b =
      milli ? static_cast<double>(whole.MilliValue()) : static_cast<double>(whole.Value());
  // What Go makes of a division by zero: a node that has none of it.
  return b == 0 ? std::numeric_limits<int64_t>::min() : static_cast<int64_t>(a / b * 100);
}

std::string Share(const Quantity& part, const Quantity& whole, bool milli) {
  return absl::StrCat(part.ToString(), " (", Percent(part, whole, milli), "%)");
}

void WriteLease(const Value& node, const Cluster& cluster, DescribeWriter& w) {
  const absl::StatusOr<Value> lease =
      cluster.get(absl::StrCat("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/",
                               node.GetString("metadata.name")));
  if (!lease.ok()) {
    w.Write(0, "Lease:\tFailed to get lease: ", lease.status().message(), "\n");
    return;
  }
  const auto time = [&](absl::string_view path) {
    const std::string text = lease->GetString(path);
    return text.empty() ? std::string("<unset>") : TimeText(text);
  };
  w.Write(0, "Lease:\n");
  w.Write(1, "HolderIdentity:\t", lease->GetString("spec.holderIdentity", "<unset>"), "\n");
  w.Write(1, "AcquireTime:\t", time("spec.acquireTime"), "\n");
  w.Write(1, "RenewTime:\t", time("spec.renewTime"), "\n");
}

void WritePods(const Value& node, const Cluster& cluster, DescribeWriter& w) {
  const absl::StatusOr<std::vector<Value>> pods = cluster.list(
      absl::StrCat("/api/v1/pods?fieldSelector=",
                   UrlEscape(absl::StrCat("spec.nodeName=", node.GetString("metadata.name"),
                                          ",status.phase!=Failed,status.phase!=Succeeded")),
                   "&limit=500"));
  if (!pods.ok()) {
    w.Write(0, "Pods:\tnot authorized\n");
    return;
  }
  const Value* allocatable_list = node.At("status.allocatable");
  if (allocatable_list == nullptr || allocatable_list->empty())
    allocatable_list = node.At("status.capacity");
  const Amounts allocatable = AmountsOf(allocatable_list);
  const Quantity cpu = Of(allocatable, "cpu"), memory = Of(allocatable, "memory");
  w.Write(0, "Non-terminated Pods:\t(", pods->size(), " in total)\n");
  w.Write(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge\n");
  w.Write(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---\n");
  Amounts all_requests, all_limits;
  for (const Value& pod : *pods) {
    const Amounts requests = PodAmounts(pod, "requests"), limits = PodAmounts(pod, "limits");
    w.Write(1, pod.GetString("metadata.namespace"), "\t", pod.GetString("metadata.name"), "\t\t",
            Share(Of(requests, "cpu"), cpu, true), "\t", Share(Of(limits, "cpu"), cpu, true), "\t");
    w.Write(0, Share(Of(requests, "memory"), memory, false), "\t",
            Share(Of(limits, "memory"), memory, false), "\t",
            AgeOf(pod.GetString("metadata.creationTimestamp")), "\n");
    Add(&all_requests, requests);
    Add(&all_limits, limits);
  }
  w.Write(0,
          "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n");
  w.Write(1, "Resource\tRequests\tLimits\n");
  w.Write(1, "--------\t--------\t------\n");
  std::vector<std::string> names = {"cpu", "memory", "ephemeral-storage"};
  for (const auto& [name, unused] : allocatable) {
    if (absl::StartsWith(name, "hugepages-")) names.push_back(name);
  }
  for (const std::string& name : names) {
    const Quantity whole = Of(allocatable, name);
    const auto share = [&](const Quantity& part) {  // here nothing of nothing is nothing
      return whole.Value() == 0 ? absl::StrCat(part.ToString(), " (0%)") : Share(part, whole, name == "cpu");
    };
    w.Write(1, name, "\t", share(Of(all_requests, name)), "\t", share(Of(all_limits, name)), "\n");
  }
  for (const auto& [name, unused] : allocatable) {
    if (name == "cpu" || name == "memory" || name == "ephemeral-storage" || name == "pods" ||
        absl::StartsWith(name, "hugepages-"))
      continue;
    w.Write(1, name, "\t", Of(all_requests, name).ToString(), "\t", Of(all_limits, name).ToString(),
            "\n");
  }
}

}  // namespace

void DescribeNode(const Value& node, const Cluster& cluster, Events events, DescribeWriter& w) {
  w.Write(0, "Name:\t", node.GetString("metadata.name"), "\n");
  w.Write(0, "Roles:\t", Roles(node), "\n");
  WriteLabels(w, "Labels", node.At("metadata.labels"));
  WriteAnnotations(w, node.At("metadata.annotations"));
  w.Write(0, "CreationTimestamp:\t", TimeText(node.GetString("metadata.creationTimestamp")), "\n");
  w.Write(0, "Taints:\t");
  const Array& taints = node.GetArray("spec.taints");
  if (taints.empty()) w.Write(0, "<none>\n");
  Array sorted = taints;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Value& a, const Value& b) {
    const auto key = [](const Value& t) {
      return absl::StrCat(t.GetString("effect"), ",", t.GetString("key"));
    };
    return key(a) < key(b);
  });
  for (size_t i = 0; i < sorted.size(); ++i) {
    const std::string value = sorted[i].GetString("value");
    w.Write(0, i == 0 ? "" : "\t", sorted[i].GetString("key"), value.empty() ? "" : "=", value, ":",
            sorted[i].GetString("effect"), "\n");
  }
  w.Write(0, "Unschedulable:\t", node.GetBool("spec.unschedulable") ? "true" : "false", "\n");
  WriteLease(node, cluster, w);
  const Array& conditions = node.GetArray("status.conditions");
  if (!conditions.empty()) {
    w.Write(
        0, "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage\n");
    w.Write(1, "----\t------\t-----------------\t------------------\t------\t-------\n");
    for (const Value& c : conditions) {
      w.Write(1, c.GetString("type"), " \t", c.GetString("status"), " \t",
              TimeText(c.GetString("lastHeartbeatTime")), " \t",
              TimeText(c.GetString("lastTransitionTime")), " \t");
      w.Write(0, c.GetString("reason"), " \t", c.GetString("message"), "\n");
    }
  }
  w.Write(0, "Addresses:\n");
  for (const Value& address : node.GetArray("status.addresses"))
    w.Write(1, address.GetString("type"), ":\t", address.GetString("address"), "\n");
  for (const auto& [field, title] :
       {std::pair("status.capacity", "Capacity"), std::pair("status.allocatable", "Allocatable")}) {
    const auto members = SortedMembers(node.At(field));
    if (!members.empty()) w.Write(0, title, ":\n");
    for (const auto* member : members)
      w.Write(1, member->key, ":\t", member->value.as_string(), "\n");
  }
  w.Write(0, "System Info:\n");
  for (const auto& [title, field] :
       {std::pair("Machine ID", "machineID"), std::pair("System UUID", "systemUUID"),
        std::pair("Boot ID", "bootID"), std::pair("Kernel Version", "kernelVersion"),
        std::pair("OS Image", "osImage"), std::pair("Operating System", "operatingSystem"),
        std::pair("Architecture", "architecture"),
        std::pair("Container Runtime Version", "containerRuntimeVersion"),
        std::pair("Kubelet Version", "kubeletVersion"),
        std::pair("Kube-Proxy Version", "kubeProxyVersion")}) {
    w.Write(1, title, ":\t", node.GetString(absl::StrCat("status.nodeInfo.", field)), "\n");
  }
  if (!node.GetString("spec.podCIDR").empty())
    w.Write(0, "PodCIDR:\t", node.GetString("spec.podCIDR"), "\n");
  if (!node.GetArray("spec.podCIDRs").empty())
    w.Write(0, "PodCIDRs:\t", JoinStrings(node.GetArray("spec.podCIDRs"), ","), "\n");
  if (!node.GetString("spec.providerID").empty())
    w.Write(0, "ProviderID:\t", node.GetString("spec.providerID"), "\n");
  WritePods(node, cluster, w);
  WriteEvents(w, events);
}

}  // namespace kubectl
