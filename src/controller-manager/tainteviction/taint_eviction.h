// Deletes pods from nodes with NoExecute taints that they do not tolerate, or not for that long.
#pragma once
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "controller-manager/framework/controller.h"
#include "controller-manager/framework/pods.h"

namespace k8s::core::v1 {
class Node;
}

namespace controller_manager {

// When `pod` has to leave `node`: InfinitePast at once, InfiniteFuture never. Counted from when the taint was added
// (a pod that came later: from its creation). Pure.
absl::Time EvictionTime(const Pod& pod, const k8s::core::v1::Node& node);

std::unique_ptr<Controller> NewTaintEvictionController(const Context& context, int workers);

}  // namespace controller_manager
