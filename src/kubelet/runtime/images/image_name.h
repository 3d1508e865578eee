// Image references, normalised as container tools do it: busybox:1 is docker.io/library/busybox:1.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kubelet {

struct ImageName {
  std::string domain;  // docker.io
  std::string path;    // library/busybox
  std::string tag;     // 1; empty when only a digest is given
  std::string digest;  // sha256:...; empty when not given

  std::string Repository() const { return domain + "/" + path; }
  std::string ToString() const;  // with tag and digest
};

// The tag is "latest" when neither tag nor digest is written. InvalidArgument with upstream's wording:
// `couldn't parse image name "Bad::Image": invalid reference format: ...`.
absl::StatusOr<ImageName> ParseImageName(absl::string_view text);

}  // namespace kubelet
