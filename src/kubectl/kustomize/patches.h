// The patches of a kustomization: which objects they mean and what they do to them.
#pragma once
#include "absl/status/status.h"
#include "kubectl/kustomize/kustomization.h"
#include "kubectl/kustomize/loader.h"
#include "kubectl/kustomize/resource.h"

namespace kubectl::kustomize {

// patchesStrategicMerge and patches, in this order.
absl::Status ApplyPatches(const Kustomization& kustomization, const Loader& loader, Resources* resources);
// patchesJson6902, which kustomize runs after names and labels.
absl::Status ApplyJson6902(const Kustomization& kustomization, const Loader& loader, Resources* resources);

}  // namespace kubectl::kustomize
