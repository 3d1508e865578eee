#include "kubelet/runtime/seccomp/filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <errno.h>

#include <algorithm>
#include <memory>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace kubelet {
namespace {

constexpr int kMostCalls = 1024;  // beyond any architecture's last number

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

uint32_t ActionCode(const SeccompAction& action) {
  switch (action.kind) {
    case SeccompAction::Kind::kAllow: return SCMP_ACT_ALLOW;
    case SeccompAction::Kind::kErrno: return SCMP_ACT_ERRNO(action.value);
    case SeccompAction::Kind::kKillProcess: return SCMP_ACT_KILL_PROCESS;
    case SeccompAction::Kind::kKillThread: return SCMP_ACT_KILL_THREAD;
    case SeccompAction::Kind::kTrap: return SCMP_ACT_TRAP;
    case SeccompAction::Kind::kTrace: return SCMP_ACT_TRACE(action.value);
    case SeccompAction::Kind::kLog: return SCMP_ACT_LOG;
  }
  return SCMP_ACT_KILL_PROCESS;
}

scmp_arg_cmp Comparison(const SeccompArgument& a) {
  constexpr scmp_compare kCodes[] = {SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ};
  return {a.index, kCodes[static_cast<int>(a.compare)], a.value, a.other};
}

absl::Status Refused(absl::string_view what, int error) {
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", strerror(-error)));
}

absl::Status AddRule(void* context, const SeccompRule& rule, uint32_t action) {
  std::set<unsigned> indexes;
  for (const SeccompArgument& a : rule.arguments) indexes.insert(a.index);
  const bool alternatives = indexes.size() < rule.arguments.size();
  for (const std::string& name : rule.calls) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) continue;
    std::vector<scmp_arg_cmp> all;
    for (const SeccompArgument& a : rule.arguments) {
      all.push_back(Comparison(a));
      if (!alternatives) continue;
      if (const int error = seccomp_rule_add_array(context, action, number, 1, &all.back()); error < 0) return Refused(name, error);
    }
    if (alternatives) continue;
    if (const int error = seccomp_rule_add_array(context, action, number, static_cast<unsigned>(all.size()), all.data()); error < 0) {
      return Refused(name, error);
    }
  }
  return absl::OkStatus();
}

template <typename Visit>
void EachNativeCall(uint32_t arch, Visit visit) {
  for (int number = 0; number < kMostCalls; ++number) {
    char* name = seccomp_syscall_resolve_num_arch(arch, number);
    if (name != nullptr) visit(number, name);
    free(name);
  }
}

// Steps that answer ENOSYS to numbers above the last one known and let the rest go on to what follows them.
std::string NewerCallsAreUnknown() {
  int last = 0;
  EachNativeCall(seccomp_arch_native(), [&](int number, const char*) { last = number; });
  const sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, static_cast<uint32_t>(last), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
  };
  return std::string(reinterpret_cast<const char*>(steps), sizeof steps);
}

absl::StatusOr<std::string> Export(void* context) {
  const int fd = memfd_create("seccomp", MFD_CLOEXEC);
  if (fd < 0) return base::ErrnoStatus("memfd_create");
  std::string program;
  const int error = seccomp_export_bpf(context, fd);
  if (error == 0) {
    program.resize(static_cast<size_t>(lseek(fd, 0, SEEK_END)));
    if (pread(fd, program.data(), program.size(), 0) != static_cast<ssize_t>(program.size())) program.clear();
  }
  close(fd);
  if (program.empty()) return Refused("seccomp filter", error == 0 ? -EIO : error);
  return program;
}

}  // namespace

absl::StatusOr<SeccompFilter> CompileSeccomp(const SeccompPolicy& policy) {
  const uint32_t otherwise = ActionCode(policy.otherwise);
  const Context context(seccomp_init(otherwise), &seccomp_release);
  if (context == nullptr) return absl::InvalidArgumentError("default action is not supported");
  for (const std::string& name : policy.architectures) {
    const uint32_t arch = seccomp_arch_resolve_name(name.c_str());
    if (arch == 0) return absl::InvalidArgumentError(absl::StrCat("unknown architecture \"", name, "\""));
    // One filter holds architectures of one byte order; others' programs do not run here anyway.
    const int error = seccomp_arch_add(context.get(), arch);
    if (error < 0 && error != -EEXIST && error != -EDOM && error != -EINVAL) return Refused(name, error);
  }
  // A search tree instead of a list: a call costs eight comparisons, not three hundred.
  if (const int error = seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2); error < 0) return Refused("optimize", error);
  for (const SeccompRule& rule : policy.rules) {
    const uint32_t action = ActionCode(rule.action);
    if (action == otherwise) continue;  // says nothing new, and libseccomp refuses it
    RETURN_IF_ERROR(AddRule(context.get(), rule, action));
  }
  SeccompFilter filter;
  ASSIGN_OR_RETURN(filter.program, Export(context.get()));
  if (policy.newer_calls_are_unknown) filter.program.insert(0, NewerCallsAreUnknown());
  if (filter.program.size() / sizeof(sock_filter) > BPF_MAXINSNS) return absl::InvalidArgumentError("seccomp filter is too long for the kernel");
  filter.flags = policy.flags;
  return filter;
}

absl::StatusOr<SeccompFilter> SeccompFilterFor(const SeccompProfile& profile, uint64_t capabilities) {
  switch (profile.type) {
    case SeccompProfile::Type::kUnconfined: return SeccompFilter{};
    case SeccompProfile::Type::kRuntimeDefault: return CompileSeccomp(DefaultSeccompPolicy(capabilities, KnownSystemCalls()));
    case SeccompProfile::Type::kLocalhost: break;
  }
  const auto failed = [&](const absl::Status& why) {
    return absl::Status(why.code(), absl::StrCat("cannot load seccomp profile \"", profile.path, "\": ", why.message()));
  };
  if (access(profile.path.c_str(), R_OK) != 0) {
    return failed(absl::NotFoundError(absl::StrCat("open ", profile.path, ": ", absl::AsciiStrToLower(strerror(errno)))));
  }
  const absl::StatusOr<std::string> text = base::ReadFile(profile.path);
  if (!text.ok()) return failed(text.status());
  const absl::StatusOr<SeccompPolicy> policy = ParseSeccompPolicy(*text);
  if (!policy.ok()) return failed(policy.status());
  absl::StatusOr<SeccompFilter> filter = CompileSeccomp(*policy);
  return filter.ok() ? std::move(filter) : failed(filter.status());
}

std::vector<std::string> KnownSystemCalls() {
  std::set<std::string> names;
  const auto add = [&](int, const char* name) { names.insert(name); };
  EachNativeCall(seccomp_arch_native(), add);
  if (seccomp_arch_native() == SCMP_ARCH_X86_64) EachNativeCall(SCMP_ARCH_X86, add);
  if (seccomp_arch_native() == SCMP_ARCH_AARCH64) EachNativeCall(SCMP_ARCH_ARM, add);
  return {names.begin(), names.end()};
}

}  // namespace kubelet
