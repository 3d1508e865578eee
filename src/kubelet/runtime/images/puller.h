// Pulls an image from a registry with skopeo and imports it.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "kubelet/runtime/images/image_name.h"
#include "kubelet/runtime/images/image_store.h"

namespace kubelet {

// Blocks for as long as the registry takes. `docker_auth_json`: content of a docker config.json, may be empty.
// Errors carry the wording users know: `failed to pull and unpack image "...": failed to resolve reference ...`.
absl::StatusOr<StoredImage> PullWithSkopeo(ImageStore& store, const ImageName& name, const std::string& docker_auth_json);

}  // namespace kubelet
