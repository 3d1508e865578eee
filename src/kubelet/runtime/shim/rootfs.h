// Builds a container's file system in a mount namespace of its own and makes it the root: overlay, /proc, /dev,
// /sys, volumes. Nothing is mounted outside that namespace, so nothing is left behind when the container ends.
#pragma once
#include "kubelet/runtime/shim/spec.h"

namespace kubelet {

// Detached copies of the mounts that come from the sandbox's mount namespace, by index in spec.mounts (-1: not one).
// Call before the child makes its own mount namespace.
std::vector<int> TakeSandboxMounts(const ContainerSpecFile& spec);

// `taken`: what TakeSandboxMounts answered.
// REQUIRES: the caller is a single-threaded child, already in the pid, net, ipc and uts namespaces of the container,
// and alone in a new mount namespace. Ends the child with a message when anything fails.
void EnterRootfs(const ContainerSpecFile& spec, const std::vector<int>& taken);

}  // namespace kubelet
