// The kernel's counters of a network namespace's interfaces.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

// `text`: of /proc/PID/net/dev. Without loopback.
std::vector<InterfaceUsage> ParseInterfaces(absl::string_view text);
std::vector<InterfaceUsage> ReadInterfaces(const std::string& path);  // empty: not there

}  // namespace kubelet
