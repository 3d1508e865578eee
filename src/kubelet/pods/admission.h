// Whether this node takes a pod that was assigned to it: the node may have changed since the scheduler looked, and a pod may
// name its node without having asked the scheduler. Pure.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "k8s/core/v1/pod.pb.h"

namespace k8s::core::v1 {
class Node;
}

namespace kubelet {

struct AdmissionSettings {
  std::vector<std::string> allowed_unsafe_sysctls;  // names, or prefixes that end in '*'
  bool app_armor = false;                           // the kernel enforces AppArmor profiles
};

// A pod that is not taken fails for good; the words are upstream's.
struct Rejection {
  std::string reason, message;
  bool operator==(const Rejection&) const = default;
};

// `node` may be null while it is not known: what depends on it is then not looked at. `others`: the pods that hold resources here.
std::optional<Rejection> Admit(const k8s::core::v1::Pod& pod, const k8s::core::v1::Node* node,
                               const std::vector<std::shared_ptr<const k8s::core::v1::Pod>>& others, const AdmissionSettings& settings);

}  // namespace kubelet
