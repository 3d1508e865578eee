// From a policy to the BPF program that the kernel runs before every system call, by libseccomp. Thread-safe.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kubelet/runtime/container_runtime.h"
#include "kubelet/runtime/seccomp/policy.h"

namespace kubelet {

struct SeccompFilter {
  std::string program;  // an array of struct sock_filter
  uint32_t flags = 0;   // SECCOMP_FILTER_FLAG_*
};

// InvalidArgument: a rule that no filter can express, or an architecture nobody knows.
absl::StatusOr<SeccompFilter> CompileSeccomp(const SeccompPolicy& policy);

// What a container of these capabilities (a bit set) gets; an empty program when it may call anything. Reads the profile's
// file. An error says which profile cannot be loaded and why.
absl::StatusOr<SeccompFilter> SeccompFilterFor(const SeccompProfile& profile, uint64_t capabilities);

// The names of every system call of this machine's architectures that libseccomp knows, each once.
std::vector<std::string> KnownSystemCalls();

}  // namespace kubelet
