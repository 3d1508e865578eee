// Linux capabilities by name, and the set a container gets.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace kubelet {

// Default set of container runtimes, plus `add`, minus `drop` ("ALL" in either means every one; add after drop wins as
// upstream's runtimes order it: ALL in drop, then add). Privileged: all. Unknown names are ignored.
uint64_t ComputeCapabilities(bool privileged, const std::vector<std::string>& add, const std::vector<std::string>& drop);

}  // namespace kubelet
