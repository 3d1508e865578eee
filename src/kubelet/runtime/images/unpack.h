// Tar archives, compressed or not, onto the disk.
#pragma once
#include <string>

#include "absl/status/status.h"

namespace kubelet {

// Plain extraction below `dest`, owners not kept: for image archives.
absl::Status ExtractArchive(const std::string& archive, const std::string& dest);

// An image layer below `dest`: owners, modes, times and attributes kept, OCI whiteouts turned into overlayfs' own
// (character device 0/0, trusted.overlay.opaque). Entries that point outside `dest` are refused.
absl::Status ExtractLayer(const std::string& archive, const std::string& dest);

}  // namespace kubelet
