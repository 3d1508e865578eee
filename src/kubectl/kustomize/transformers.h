// What a kustomization does to each of its objects, beside patches. Pure.
#pragma once
#include "absl/status/status.h"
#include "kubectl/kustomize/kustomization.h"
#include "kubectl/kustomize/resource.h"

namespace kubectl::kustomize {

// namespace, namePrefix, nameSuffix, labels, commonLabels, commonAnnotations: in this order, which tells what later ones see.
absl::Status TransformMetadata(const Kustomization& kustomization, Resources* resources);
// replicas, images.
absl::Status TransformWorkloads(const Kustomization& kustomization, Resources* resources);

// An image reference with the parts that `image` (an entry of "images") sets. Unchanged when the name is another.
std::string ChangeImage(const std::string& reference, const Value& image);

}  // namespace kubectl::kustomize
