// Names follow their objects: where one object names another that was renamed, the name is brought up to date. Pure.
#pragma once
#include "absl/status/status.h"
#include "kubectl/kustomize/resource.h"

namespace kubectl::kustomize {

absl::Status FixReferences(Resources* resources);

}  // namespace kubectl::kustomize
