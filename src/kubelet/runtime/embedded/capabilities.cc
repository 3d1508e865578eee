#include "kubelet/runtime/embedded/capabilities.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace kubelet {
namespace {

constexpr const char* kNames[] = {  // by number, from linux/capability.h
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE"};
constexpr uint64_t kDefault = 0xa80425fb;  // the set every container runtime grants

uint64_t Bits(const std::vector<std::string>& names) {
  uint64_t bits = 0;
  for (const std::string& raw : names) {
    const std::string upper = absl::AsciiStrToUpper(raw);
    const absl::string_view name = absl::StripPrefix(upper, "CAP_");
    for (size_t i = 0; i < std::size(kNames); ++i) {
      if (name == kNames[i] || name == "ALL") bits |= uint64_t{1} << i;
    }
  }
  return bits;
}

}  // namespace

uint64_t ComputeCapabilities(bool privileged, const std::vector<std::string>& add, const std::vector<std::string>& drop) {
  if (privileged) return Bits({"ALL"});
  const uint64_t all = Bits({"ALL"});
  const uint64_t dropped = Bits(drop), added = Bits(add);
  if (added == all) return all & ~(dropped == all ? 0 : dropped);
  if (dropped == all) return added;
  return (kDefault | added) & ~dropped;
}

}  // namespace kubelet
