// Directories whose files change all at once: the content lies in a time-stamped folder, `..data` points at it, and every
// file is a link through `..data`. Replacing that one link switches all files.
#pragma once
#include <map>
#include <string>

#include "absl/status/status.h"

namespace kubelet {

struct VolumeFile {
  std::string content;
  int mode = 0644;
};
using VolumeFiles = std::map<std::string, VolumeFile>;  // by relative path, which may have folders

// Makes `dir` hold exactly `files`; does nothing when it already does. `group`: owner group of everything, -1: root.
absl::Status WriteAtomically(const std::string& dir, const VolumeFiles& files, int64_t group);

}  // namespace kubelet
