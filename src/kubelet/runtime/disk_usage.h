// How much disk a tree takes.
#pragma once
#include <cstdint>
#include <string>

namespace kubelet {

// Bytes of the blocks of all files below `path`, or of the file `path`; other file systems mounted there are left out, links are
// not followed. What is not there, or vanishes meanwhile, takes nothing.
int64_t DiskUsage(const std::string& path);

}  // namespace kubelet
