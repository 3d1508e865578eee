// Filters are judged by the kernel: a child takes one on, makes a system call and tells what became of it.
#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "kubelet/runtime/seccomp/filter.h"

namespace kubelet {
namespace {

struct Call {
  long number;
  unsigned long a = 0, b = 0, c = 0;
};

// errno of `call` behind `filter`, 0 when it went through; -1: the filter was not taken.
int ErrnoBehind(const SeccompFilter& filter, const Call& call) {
  std::vector<sock_filter> steps(filter.program.size() / sizeof(sock_filter));
  std::copy(filter.program.begin(), filter.program.end(), reinterpret_cast<char*>(steps.data()));
  sock_fprog program = {static_cast<unsigned short>(steps.size()), steps.data()};
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter.flags, &program) < 0) _exit(255);
    _exit(syscall(call.number, call.a, call.b, call.c) < 0 ? errno : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status) == 255 ? -1 : WEXITSTATUS(status);
}

TEST(SeccompTest, RuntimeDefaultKeepsContainersFromWhatReachesBeyondThem) {
  struct Case {
    const char* name;
    int capability;  // -1: none
    Call call;
    int want;
  };
  constexpr unsigned long kNewUser = 0x10000000, kNothing = 0;
  const Case cases[] = {
      {"own business", -1, {SYS_getpid}, 0},
      {"mount", -1, {SYS_mount}, EPERM},
      {"unshare", -1, {SYS_unshare, kNothing}, EPERM},
      {"unshare, CAP_SYS_ADMIN", CAP_SYS_ADMIN, {SYS_unshare, kNothing}, 0},
      {"a capability lifts its own calls only", CAP_SYS_TIME, {SYS_unshare, kNothing}, EPERM},
      {"clone into a namespace", -1, {SYS_clone, kNewUser}, EPERM},
      {"clone3 looks absent, so that clone is used", -1, {SYS_clone3}, ENOSYS},
      {"keys of the kernel", CAP_SYS_ADMIN, {SYS_keyctl}, EPERM},
      {"asking for the personality", -1, {SYS_personality, 0xffffffff}, 0},
      {"another personality", -1, {SYS_personality, 0x0040000}, EPERM},
      {"sockets to the hypervisor", -1, {SYS_socket, AF_VSOCK, SOCK_STREAM}, EPERM},
      {"other sockets", -1, {SYS_socket, AF_UNIX, SOCK_STREAM}, 0},
      {"what is younger than the list", -1, {5000}, ENOSYS},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const uint64_t capabilities = c.capability < 0 ? 0 : uint64_t{1} << c.capability;
    const auto filter = SeccompFilterFor({SeccompProfile::Type::kRuntimeDefault, ""}, capabilities);
    ASSERT_TRUE(filter.ok()) << filter.status();
    EXPECT_EQ(ErrnoBehind(*filter, c.call), c.want);
  }
}

TEST(SeccompTest, ProfileFilesSayWhatIsAllowed) {
  const auto policy = ParseSeccompPolicy(R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],"syscalls":[
      {"names":["uname","no_such_call"],"action":"SCMP_ACT_ERRNO","errnoRet":7},
      {"names":["socket"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"},{"index":0,"value":2,"op":"SCMP_CMP_EQ"}]},
      {"names":["getppid"],"action":"SCMP_ACT_ALLOW"}]})");
  ASSERT_TRUE(policy.ok()) << policy.status();
  const auto filter = CompileSeccomp(*policy);
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_EQ(ErrnoBehind(*filter, {SYS_uname}), 7);
  EXPECT_EQ(ErrnoBehind(*filter, {SYS_getppid}), 0);
  EXPECT_EQ(ErrnoBehind(*filter, {SYS_socket, AF_UNIX, SOCK_STREAM}), EPERM) << "arguments on one index are alternatives";
  EXPECT_EQ(ErrnoBehind(*filter, {SYS_socket, AF_INET, SOCK_STREAM}), EPERM);
  EXPECT_EQ(ErrnoBehind(*filter, {SYS_socket, AF_INET6, SOCK_STREAM}), 0);
}

TEST(SeccompTest, WhatNoFilterCanDoIsRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"[]", "no JSON object"},
      {"{}", "seccomp action \"\" is not supported"},
      {R"({"defaultAction":"SCMP_ACT_NOTIFY"})", "seccomp action \"SCMP_ACT_NOTIFY\" is not supported"},
      {R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":-1})", "defaultErrnoRet -1 is no error number"},
      {R"({"defaultAction":"SCMP_ACT_ERRNO","flags":["X"]})", "seccomp flag \"X\" is not supported"},
      {R"({"defaultAction":"SCMP_ACT_ERRNO","listenerPath":"/x"})", "listenerPath is not supported"},
      {R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":6,"op":"SCMP_CMP_EQ"}]}]})",
       "argument index 6 is not between 0 and 5"},
      {R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"op":"=="}]}]})",
       "seccomp operator \"==\" is not supported"},
  };
  for (const auto& [json, why] : cases) {
    SCOPED_TRACE(json);
    const auto policy = ParseSeccompPolicy(json);
    ASSERT_FALSE(policy.ok());
    EXPECT_EQ(policy.status().message(), why);
  }
  SeccompPolicy policy;
  policy.architectures = {"vax"};
  EXPECT_EQ(CompileSeccomp(policy).status().message(), "unknown architecture \"vax\"");
}

TEST(SeccompTest, AProfileFileThatIsNotThereIsNamed) {
  const std::string path = testing::TempDir() + "no-such-profile.json";
  const auto filter = SeccompFilterFor({SeccompProfile::Type::kLocalhost, path}, 0);
  ASSERT_FALSE(filter.ok());
  EXPECT_THAT(std::string(filter.status().message()), testing::StartsWith(absl::StrCat("cannot load seccomp profile \"", path, "\": ")));
  EXPECT_TRUE(SeccompFilterFor({}, 0)->program.empty());
}

}  // namespace
}  // namespace kubelet
