#include "kubelet/node/node_status.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "kubelet/pods/pod_util.h"

namespace kubelet {
namespace {

void SetQuantity(google::protobuf::Map<std::string, k8s::resource::Quantity>* list, const std::string& name, const std::string& value) {
  (*list)[name].set_string(value);
}

void FillResources(const NodeOptions& options, const MachineInfo& machine, v1::NodeStatus* status) {
  for (auto* list : {status->mutable_capacity(), status->mutable_allocatable()}) {
    const bool allocatable = list == status->mutable_allocatable();
    SetQuantity(list, "cpu", absl::StrCat(machine.cpus));
    SetQuantity(list, "memory", absl::StrCat((allocatable ? AllocatableMemory(options, machine) : machine.memory) / 1024, "Ki"));
    SetQuantity(list, "ephemeral-storage", absl::StrCat(machine.ephemeral_storage / 1024, "Ki"));
    SetQuantity(list, "hugepages-1Gi", "0");
    SetQuantity(list, "hugepages-2Mi", "0");
    SetQuantity(list, "pods", absl::StrCat(options.max_pods));
  }
}

void AddCondition(const std::string& type, bool value, const std::string& reason, const std::string& message,
                  const v1::NodeStatus& previous, absl::Time now, v1::NodeStatus* status) {
  v1::NodeCondition* c = status->add_conditions();
  c->set_type(type);
  c->set_status(value ? "True" : "False");
  c->set_reason(reason);
  c->set_message(message);
  *c->mutable_lastheartbeattime() = ToApiTime(now);
  *c->mutable_lasttransitiontime() = ToApiTime(now);
  for (const v1::NodeCondition& old : previous.conditions()) {
    if (old.type() == type && old.status() == c->status()) *c->mutable_lasttransitiontime() = old.lasttransitiontime();
  }
}

}  // namespace

int64_t AllocatableMemory(const NodeOptions& options, const MachineInfo& machine) {
  return std::max<int64_t>(machine.memory - options.memory_reserved, 0);
}

v1::NodeStatus ComputeNodeStatus(const NodeOptions& options, const NodeFacts& facts, const v1::NodeStatus& previous, absl::Time now) {
  v1::NodeStatus status;
  FillResources(options, facts.machine, &status);
  v1::NodeAddress* internal = status.add_addresses();
  internal->set_type("InternalIP");
  internal->set_address(options.ip);
  v1::NodeAddress* host = status.add_addresses();
  host->set_type("Hostname");
  host->set_address(options.name);
  status.mutable_daemonendpoints()->mutable_kubeletendpoint()->set_port(options.port);
  v1::NodeSystemInfo* info = status.mutable_nodeinfo();
  info->set_machineid(facts.machine.machine_id);
  info->set_systemuuid(facts.machine.system_uuid);
  info->set_bootid(facts.machine.boot_id);
  info->set_kernelversion(facts.machine.kernel);
  info->set_osimage(facts.machine.os_image);
  info->set_containerruntimeversion(absl::StrCat(facts.runtime.name, "://", facts.runtime.version));
  info->set_kubeletversion(options.kubelet_version);
  info->set_kubeproxyversion("");
  info->set_operatingsystem("linux");
  info->set_architecture(facts.machine.architecture);

  std::vector<Image> images = facts.images;
  std::sort(images.begin(), images.end(), [](const Image& a, const Image& b) { return a.size > b.size; });
  if (images.size() > 50) images.resize(50);  // upstream's nodeStatusMaxImages
  for (const Image& image : images) {
    v1::ContainerImage* out = status.add_images();
    for (const std::string& name : image.digests) out->add_names(name);
    for (const std::string& name : image.names) out->add_names(name);
    out->set_sizebytes(image.size);
  }
  const MachinePressure& p = facts.pressure;
  const bool low_memory = p.memory_available < options.memory_reserved;
  const bool low_disk = p.disk_available < facts.machine.ephemeral_storage / 20;  // 5%: upstream's default is 10% of nodefs
  const bool low_pids = p.pids_max > 0 && p.pids > p.pids_max * 9 / 10;
  AddCondition("MemoryPressure", low_memory, low_memory ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory",
               low_memory ? "kubelet has insufficient memory available" : "kubelet has sufficient memory available", previous, now, &status);
  AddCondition("DiskPressure", low_disk, low_disk ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure",
               low_disk ? "kubelet has disk pressure" : "kubelet has no disk pressure", previous, now, &status);
  AddCondition("PIDPressure", low_pids, low_pids ? "KubeletHasInsufficientPID" : "KubeletHasSufficientPID",
               low_pids ? "kubelet has insufficient PID available" : "kubelet has sufficient PID available", previous, now, &status);
  if (facts.network.ok()) {
    AddCondition("Ready", true, "KubeletReady", "kubelet is posting ready status", previous, now, &status);
  } else {
    AddCondition("Ready", false, "KubeletNotReady",
                 absl::StrCat("container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:",
                              facts.network.message()), previous, now, &status);
  }
  // What controllers keep in a node's status is not ours.
  for (const v1::NodeCondition& old : previous.conditions()) {
    bool ours = false;
    for (const v1::NodeCondition& c : status.conditions()) ours = ours || c.type() == old.type();
    if (!ours) *status.add_conditions() = old;
  }
  *status.mutable_volumesattached() = previous.volumesattached();
  *status.mutable_volumesinuse() = previous.volumesinuse();
  return status;
}

v1::Node MakeNode(const NodeOptions& options, const NodeFacts& facts) {
  v1::Node node;
  auto& meta = *node.mutable_metadata();
  meta.set_name(options.name);
  auto& labels = *meta.mutable_labels();
  for (const char* prefix : {"", "beta."}) {
    labels[absl::StrCat(prefix, "kubernetes.io/arch")] = facts.machine.architecture;
    labels[absl::StrCat(prefix, "kubernetes.io/os")] = "linux";
  }
  labels["kubernetes.io/hostname"] = options.name;
  for (const auto& [key, value] : options.labels) labels[key] = value;
  (*meta.mutable_annotations())["volumes.kubernetes.io/controller-managed-attach-detach"] = "true";
  for (const v1::Taint& taint : options.taints) *node.mutable_spec()->add_taints() = taint;
  if (options.unschedulable) node.mutable_spec()->set_unschedulable(true);
  return node;
}

bool NodeStatusDiffers(const v1::NodeStatus& a, const v1::NodeStatus& b) {
  v1::NodeStatus left = a, right = b;
  for (v1::NodeStatus* status : {&left, &right}) {
    for (v1::NodeCondition& c : *status->mutable_conditions()) c.clear_lastheartbeattime();
  }
  return !google::protobuf::util::MessageDifferencer::Equals(left, right);
}

absl::Status ParseTaints(const std::string& text, std::vector<v1::Taint>* taints) {
  for (absl::string_view part : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    std::pair<absl::string_view, absl::string_view> halves = absl::StrSplit(part, absl::MaxSplits(':', 1));
    std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(halves.first, absl::MaxSplits('=', 1));
    const absl::string_view effect = halves.second;
    if (pair.first.empty() || (effect != "NoSchedule" && effect != "PreferNoSchedule" && effect != "NoExecute")) {
      return absl::InvalidArgumentError(absl::StrCat("invalid taint spec: ", part));
    }
    v1::Taint taint;
    taint.set_key(std::string(pair.first));
    taint.set_value(std::string(pair.second));
    taint.set_effect(std::string(effect));
    taints->push_back(taint);
  }
  return absl::OkStatus();
}

}  // namespace kubelet
