// Source: what containerd's default profile leaves out (contrib/seccomp in its tree), as a list of what is denied.
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/socket.h>

#include "absl/algorithm/container.h"
#include "kubelet/runtime/seccomp/policy.h"

namespace kubelet {
namespace {

constexpr int kNever = -1;

struct Denied {
  absl::string_view call;
  int unless = kNever;  // a capability that allows it; a call may have several rows
};

constexpr Denied kDenied[] = {
    {"open_by_handle_at", CAP_DAC_READ_SEARCH},
    {"bpf", CAP_SYS_ADMIN}, {"bpf", CAP_BPF},
    {"clone", CAP_SYS_ADMIN}, {"clone3", CAP_SYS_ADMIN},
    {"fanotify_init", CAP_SYS_ADMIN},
    {"fsconfig", CAP_SYS_ADMIN}, {"fsmount", CAP_SYS_ADMIN}, {"fsopen", CAP_SYS_ADMIN}, {"fspick", CAP_SYS_ADMIN},
    {"lookup_dcookie", CAP_SYS_ADMIN},
    {"mount", CAP_SYS_ADMIN}, {"mount_setattr", CAP_SYS_ADMIN}, {"move_mount", CAP_SYS_ADMIN}, {"open_tree", CAP_SYS_ADMIN},
    {"umount", CAP_SYS_ADMIN}, {"umount2", CAP_SYS_ADMIN},
    {"perf_event_open", CAP_SYS_ADMIN}, {"perf_event_open", CAP_PERFMON},
    {"quotactl", CAP_SYS_ADMIN}, {"quotactl_fd", CAP_SYS_ADMIN},
    {"setdomainname", CAP_SYS_ADMIN}, {"sethostname", CAP_SYS_ADMIN},
    {"setns", CAP_SYS_ADMIN}, {"unshare", CAP_SYS_ADMIN},
    {"syslog", CAP_SYS_ADMIN}, {"syslog", CAP_SYSLOG},
    {"reboot", CAP_SYS_BOOT},
    {"chroot", CAP_SYS_CHROOT},
    {"delete_module", CAP_SYS_MODULE}, {"init_module", CAP_SYS_MODULE}, {"finit_module", CAP_SYS_MODULE},
    {"acct", CAP_SYS_PACCT},
    {"kcmp", CAP_SYS_PTRACE}, {"pidfd_getfd", CAP_SYS_PTRACE}, {"process_madvise", CAP_SYS_PTRACE},
    {"iopl", CAP_SYS_RAWIO}, {"ioperm", CAP_SYS_RAWIO},
    {"settimeofday", CAP_SYS_TIME}, {"stime", CAP_SYS_TIME}, {"clock_settime", CAP_SYS_TIME}, {"clock_settime64", CAP_SYS_TIME},
    {"vhangup", CAP_SYS_TTY_CONFIG},
    {"get_mempolicy", CAP_SYS_NICE}, {"mbind", CAP_SYS_NICE}, {"set_mempolicy", CAP_SYS_NICE},
    {"set_mempolicy_home_node", CAP_SYS_NICE},
    {"add_key"}, {"keyctl"}, {"request_key"},
    {"kexec_load"}, {"kexec_file_load"},
    {"migrate_pages"}, {"move_pages"},
    {"io_uring_enter"}, {"io_uring_register"}, {"io_uring_setup"},
    {"pivot_root"}, {"swapon"}, {"swapoff"}, {"userfaultfd"},
    {"nfsservctl"}, {"sysfs"}, {"_sysctl"}, {"uselib"}, {"ustat"}, {"vm86"}, {"vm86old"},
    {"create_module"}, {"get_kernel_syms"}, {"query_module"},
    // Allowed by what they are asked for, in Exceptions() below.
    {"personality"}, {"socket"},
};

// The namespaces of clone(2): CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET.
constexpr uint64_t kNamespaceFlags = 0x7E020000;

void AddExceptions(bool may_clone, SeccompPolicy* policy) {
  using Compare = SeccompArgument::Compare;
  const SeccompAction allow = {SeccompAction::Kind::kAllow, 0};
  for (const uint64_t persona : {0x0u, 0x8u, 0x20000u, 0x20008u, 0xffffffffu}) {
    policy->rules.push_back({{"personality"}, allow, {{0, Compare::kEqual, persona}}});
  }
  policy->rules.push_back({{"socket"}, allow, {{0, Compare::kNotEqual, AF_VSOCK}}});
  if (may_clone) return;
  policy->rules.push_back({{"clone"}, allow, {{0, Compare::kMaskedEqual, kNamespaceFlags, 0}}});
  // Its flags lie in memory, where no filter can look: programs take ENOSYS as the sign to use clone.
  policy->rules.push_back({{"clone3"}, {SeccompAction::Kind::kErrno, ENOSYS}, {}});
}

}  // namespace

SeccompPolicy DefaultSeccompPolicy(uint64_t capabilities, absl::Span<const std::string> known) {
  const auto has = [&](int capability) { return capability != kNever && ((capabilities >> capability) & 1) != 0; };
  SeccompPolicy policy;
  policy.otherwise = {SeccompAction::Kind::kErrno, EPERM};
  policy.architectures = {"x86", "arm"};  // what 64-bit machines run besides; others' are passed over
  policy.flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  policy.newer_calls_are_unknown = true;
  SeccompRule& allowed = policy.rules.emplace_back(SeccompRule{{}, {SeccompAction::Kind::kAllow, 0}, {}});
  for (const std::string& call : known) {
    bool denied = false, lifted = false;
    for (const Denied& row : kDenied) {
      if (row.call != call) continue;
      denied = true;
      lifted = lifted || has(row.unless);
    }
    if (!denied || lifted) allowed.calls.push_back(call);
  }
  AddExceptions(has(CAP_SYS_ADMIN), &policy);
  return policy;
}

}  // namespace kubelet
