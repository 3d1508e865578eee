// Names for pod templates: the pod-template-hash label and the suffix of a ReplicaSet's name.
#pragma once
#include <optional>
#include <string>

#include "k8s/core/v1/pod.pb.h"

namespace controller_manager {

inline constexpr char kPodTemplateHash[] = "pod-template-hash";

// Upstream's value for the same template and `collisions`: FNV-1a over the dump of its Go structs (go_dump.h).
std::string TemplateHash(const k8s::core::v1::PodTemplateSpec& pod_template, std::optional<int> collisions);

// Equal but for the pod-template-hash label.
bool SameTemplate(const k8s::core::v1::PodTemplateSpec& a, const k8s::core::v1::PodTemplateSpec& b);

}  // namespace controller_manager
