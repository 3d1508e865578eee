// Tells kubelets by an annotation how long they may keep secrets and config maps without asking: longer in large
// clusters.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

inline constexpr char kTtlAnnotation[] = "node.alpha.kubernetes.io/ttl";

// Seconds for a cluster of `nodes`, which stood at step `*step` before: steps overlap, so that a cluster at a boundary
// does not swing. Updates `*step`. Pure.
int TtlSeconds(int nodes, int* step);

std::unique_ptr<Controller> NewNodeTtlController(const Context& context, int workers);

}  // namespace controller_manager
