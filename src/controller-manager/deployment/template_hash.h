// Names for pod templates: the pod-template-hash label and the suffix of a ReplicaSet's name.
#pragma once
#include <optional>
#include <string>

#include "k8s/core/v1/pod.pb.h"

namespace controller_manager {

inline constexpr char kPodTemplateHash[] = "pod-template-hash";

// Stable for equal templates and equal `collisions`; in upstream's alphabet and length. (Upstream hashes a dump of
// its Go structs; the values differ, which is harmless: ReplicaSets are found by template, never by hash.)
std::string TemplateHash(const k8s::core::v1::PodTemplateSpec& pod_template, std::optional<int> collisions);

// Equal but for the pod-template-hash label.
bool SameTemplate(const k8s::core::v1::PodTemplateSpec& a, const k8s::core::v1::PodTemplateSpec& b);

}  // namespace controller_manager
