// Small questions about pods. Pure.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "k8s/core/v1/pod.pb.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

namespace v1 = k8s::core::v1;

// "name_namespace(uid)", as events and log lines name a pod.
std::string FormatPod(const v1::Pod& pod);
std::string FullName(const v1::Pod& pod);  // name_namespace

QosClass QosOf(const v1::Pod& pod);
const char* QosName(QosClass qos);

bool IsSidecar(const v1::Container& container);  // an init container that goes on running
bool IsStatic(const v1::Pod& pod);               // comes from a file, not from the API
bool IsMirror(const v1::Pod& pod);
bool IsTerminalPhase(const v1::Pod& pod);        // Succeeded or Failed
// Containers of any sort; those of `spec` live as long as it, ephemeral ones are made for the caller. nullptr: none.
using ContainerPtr = std::shared_ptr<const v1::Container>;
ContainerPtr FindContainer(const v1::PodSpec& spec, const std::string& name);
// Ephemeral containers in the shape of the others, which theirs is a copy of.
std::vector<ContainerPtr> EphemeralContainers(const v1::PodSpec& spec);
// The container whose processes an ephemeral one is to see; empty: its own alone.
std::string TargetOf(const v1::PodSpec& spec, const std::string& ephemeral);
std::string FieldPath(const v1::PodSpec& spec, const std::string& container);  // spec.containers{name}

// Requests or limits of the pod or container by resource name; 0: not set.
int64_t MilliCpu(const k8s::core::v1::ResourceRequirements& resources, bool limit);
int64_t Memory(const k8s::core::v1::ResourceRequirements& resources, bool limit);

int64_t TerminationGrace(const v1::Pod& pod);  // seconds
std::string HostnameOf(const v1::Pod& pod, const std::string& node_name);

k8s::meta::v1::Time ToApiTime(absl::Time time);  // whole seconds, as the API keeps
absl::Time FromApiTime(const k8s::meta::v1::Time& time);

// A condition of the pod's status; nullptr when absent.
const v1::PodCondition* FindCondition(const v1::PodStatus& status, const std::string& type);

inline constexpr char kMirrorAnnotation[] = "kubernetes.io/config.mirror";
inline constexpr char kHashAnnotation[] = "kubernetes.io/config.hash";
inline constexpr char kSourceAnnotation[] = "kubernetes.io/config.source";
inline constexpr char kSeenAnnotation[] = "kubernetes.io/config.seen";

}  // namespace kubelet
