// Which system calls a program may make, as OCI runtimes describe it (config.json, linux.seccomp), and the policy of
// containers that ask for RuntimeDefault. Pure; filter.h turns a policy into what the kernel takes.
#pragma once
#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace kubelet {

struct SeccompAction {
  enum class Kind { kAllow, kErrno, kKillProcess, kKillThread, kTrap, kTrace, kLog };
  Kind kind = Kind::kErrno;
  uint16_t value = EPERM;  // of kErrno and kTrace
  bool operator==(const SeccompAction&) const = default;
};

struct SeccompArgument {
  enum class Compare { kNotEqual, kLess, kLessOrEqual, kEqual, kGreaterOrEqual, kGreater, kMaskedEqual };
  unsigned index = 0;  // of the system call's six
  Compare compare = Compare::kEqual;
  uint64_t value = 0;  // the mask of kMaskedEqual
  uint64_t other = 0;  // what the masked argument equals
};

struct SeccompRule {
  std::vector<std::string> calls;  // names the kernel does not have are passed over
  SeccompAction action;
  std::vector<SeccompArgument> arguments;  // all must hold; those on one index are alternatives
};

struct SeccompPolicy {
  SeccompAction otherwise;                  // for calls without a rule
  std::vector<std::string> architectures;   // besides the machine's own: "x86", "aarch64", ...
  std::vector<SeccompRule> rules;
  uint32_t flags = 0;                       // SECCOMP_FILTER_FLAG_*
  bool newer_calls_are_unknown = false;     // calls younger than what is known here fail with ENOSYS, not by `otherwise`
};

// A profile file. InvalidArgument says which part of it cannot be.
absl::StatusOr<SeccompPolicy> ParseSeccompPolicy(absl::string_view json);

// RuntimeDefault, by the rules of containerd: every one of `known` calls but those that reach beyond the container;
// some of these come back with the capability (a bit set) that the kernel asks for anyway.
SeccompPolicy DefaultSeccompPolicy(uint64_t capabilities, absl::Span<const std::string> known);

}  // namespace kubelet
