#include "kubelet/pods/pod_util.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/quantity.h"

namespace kubelet {
namespace {

using Resources = google::protobuf::Map<std::string, k8s::resource::Quantity>;

apimachinery::Quantity Get(const v1::ResourceRequirements& resources, bool limit, const std::string& name) {
  const Resources& list = limit ? resources.limits() : resources.requests();
  auto found = list.find(name);
  return found == list.end() ? apimachinery::Quantity() : apimachinery::Quantity::ParseOrZero(found->second.string());
}

// Upstream keeps the two messages alike, number by number.
ContainerPtr Plain(const v1::EphemeralContainer& c) {
  auto out = std::make_shared<v1::Container>();
  out->ParseFromString(c.ephemeralcontainercommon().SerializeAsString());
  return out;
}

}  // namespace

std::string FormatPod(const v1::Pod& pod) { return absl::StrCat(FullName(pod), "(", pod.metadata().uid(), ")"); }

std::string FullName(const v1::Pod& pod) {
  return absl::StrCat(pod.metadata().name(), "_", pod.metadata().namespace_());
}

int64_t MilliCpu(const v1::ResourceRequirements& resources, bool limit) { return Get(resources, limit, "cpu").MilliValue(); }
int64_t Memory(const v1::ResourceRequirements& resources, bool limit) { return Get(resources, limit, "memory").Value(); }

QosClass QosOf(const v1::Pod& pod) {
  if (pod.status().qosclass() == "Guaranteed") return QosClass::kGuaranteed;
  if (pod.status().qosclass() == "Burstable") return QosClass::kBurstable;
  if (pod.status().qosclass() == "BestEffort") return QosClass::kBestEffort;
  bool any = false, guaranteed = true;
  const auto look = [&](const v1::Container& c) {
    for (const char* name : {"cpu", "memory"}) {
      const apimachinery::Quantity limit = Get(c.resources(), true, name), request = Get(c.resources(), false, name);
      any = any || !limit.IsZero() || !request.IsZero();
      if (limit.IsZero() || (!request.IsZero() && !(request == limit))) guaranteed = false;
    }
  };
  for (const v1::Container& c : pod.spec().initcontainers()) look(c);
  for (const v1::Container& c : pod.spec().containers()) look(c);
  if (!any) return QosClass::kBestEffort;
  return guaranteed ? QosClass::kGuaranteed : QosClass::kBurstable;
}

const char* QosName(QosClass qos) {
  return qos == QosClass::kGuaranteed ? "Guaranteed" : qos == QosClass::kBurstable ? "Burstable" : "BestEffort";
}

bool IsSidecar(const v1::Container& container) { return container.restartpolicy() == "Always"; }

bool IsStatic(const v1::Pod& pod) {
  auto source = pod.metadata().annotations().find(kSourceAnnotation);
  return source != pod.metadata().annotations().end() && source->second != "api" && !IsMirror(pod);
}

bool IsMirror(const v1::Pod& pod) { return pod.metadata().annotations().contains(kMirrorAnnotation); }

bool IsTerminalPhase(const v1::Pod& pod) {
  return pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed";
}

ContainerPtr FindContainer(const v1::PodSpec& spec, const std::string& name) {
  for (const auto* containers : {&spec.containers(), &spec.initcontainers()}) {
    for (const v1::Container& c : *containers) {
      if (c.name() == name) return ContainerPtr(ContainerPtr(), &c);
    }
  }
  for (const v1::EphemeralContainer& c : spec.ephemeralcontainers()) {
    if (c.ephemeralcontainercommon().name() == name) return Plain(c);
  }
  return nullptr;
}

std::vector<ContainerPtr> EphemeralContainers(const v1::PodSpec& spec) {
  std::vector<ContainerPtr> out;
  for (const v1::EphemeralContainer& c : spec.ephemeralcontainers()) out.push_back(Plain(c));
  return out;
}

std::string TargetOf(const v1::PodSpec& spec, const std::string& ephemeral) {
  for (const v1::EphemeralContainer& c : spec.ephemeralcontainers()) {
    if (c.ephemeralcontainercommon().name() == ephemeral) return c.targetcontainername();
  }
  return "";
}

std::string FieldPath(const v1::PodSpec& spec, const std::string& container) {
  for (const v1::Container& c : spec.initcontainers()) {
    if (c.name() == container) return absl::StrCat("spec.initContainers{", container, "}");
  }
  for (const v1::EphemeralContainer& c : spec.ephemeralcontainers()) {
    if (c.ephemeralcontainercommon().name() == container) return absl::StrCat("spec.ephemeralContainers{", container, "}");
  }
  return absl::StrCat("spec.containers{", container, "}");
}

int64_t TerminationGrace(const v1::Pod& pod) {
  return pod.spec().has_terminationgraceperiodseconds() ? pod.spec().terminationgraceperiodseconds() : 30;
}

std::string HostnameOf(const v1::Pod& pod, const std::string& node_name) {
  if (pod.spec().hostnetwork()) return node_name;
  std::string name = pod.spec().hostname().empty() ? pod.metadata().name() : pod.spec().hostname();
  if (name.size() > 63) {  // the kernel's limit; no separator at the end
    name.resize(63);
    while (!name.empty() && (name.back() == '-' || name.back() == '.')) name.pop_back();
  }
  return name;
}

k8s::meta::v1::Time ToApiTime(absl::Time time) {
  k8s::meta::v1::Time out;
  out.set_seconds(absl::ToUnixSeconds(time));
  out.set_nanos(0);
  return out;
}

absl::Time FromApiTime(const k8s::meta::v1::Time& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

const v1::PodCondition* FindCondition(const v1::PodStatus& status, const std::string& type) {
  for (const v1::PodCondition& condition : status.conditions()) {
    if (condition.type() == type) return &condition;
  }
  return nullptr;
}

}  // namespace kubelet
