// The sandbox process: holds a pod's network, IPC and UTS namespaces (and its pid namespace, when shared) by being
// in them. It does nothing else, so no pause image is needed.
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kubelet/runtime/shim/record.h"
#include "kubelet/runtime/shim/shim.h"
#include "kubelet/runtime/shim/spec.h"

namespace kubelet {
namespace {

std::string Errno(const std::string& what) { return "error " + what + ": " + strerror(errno); }

bool LoopbackUp() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request = {};
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
  const bool ok = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  if (fd >= 0) close(fd);
  return ok;
}

bool SetSysctl(std::string name, const std::string& value) {
  for (char& c : name) {
    if (c == '.') c = '/';
  }
  const int fd = open(("/proc/sys/" + name).c_str(), O_WRONLY | O_CLOEXEC);
  const bool ok = fd >= 0 && write(fd, value.data(), value.size()) == static_cast<ssize_t>(value.size());
  if (fd >= 0) close(fd);
  return ok;
}

// Waits for SIGTERM or SIGINT, and buries orphans when first in the pod's pid namespace.
[[noreturn]] void Hold() {
  sigset_t set;
  sigfillset(&set);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  prctl(PR_SET_NAME, "pod-sandbox");
  for (;;) {
    int signal = 0;
    sigwait(&set, &signal);
    if (signal == SIGTERM || signal == SIGINT) _exit(0);
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
}

}  // namespace

int RunSandboxShim(const std::string& spec_path) {
  std::string text;
  SandboxSpecFile spec;
  if (!ReadWholeFile(spec_path, &text) || !DecodeSpec(text, &spec)) {
    Answer("error unreadable sandbox specification " + spec_path);
    return 1;
  }
  Daemonize();
  int flags = CLONE_NEWUTS | CLONE_NEWNS;
  if (spec.host_network) flags &= ~CLONE_NEWUTS;  // the node's host name too
  if (!spec.host_network) flags |= CLONE_NEWNET;
  if (!spec.host_ipc) flags |= CLONE_NEWIPC;
  if (spec.share_pid) flags |= CLONE_NEWPID;
  if (unshare(flags) < 0) {
    Answer(Errno("create namespaces"));
    return 1;
  }
  if (!spec.host_network && !LoopbackUp()) {
    Answer(Errno("bring up loopback"));
    return 1;
  }
  if (!spec.host_network && sethostname(spec.hostname.data(), spec.hostname.size()) < 0) {
    Answer(Errno("set host name"));
    return 1;
  }
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) {
    Answer(Errno("make mounts private"));
    return 1;
  }
  for (const auto& [path, options] : spec.tmpfs) {
    const bool shared_memory = path == "/dev/shm";  // the others are volumes
    if (mount(shared_memory ? "shm" : "tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | (shared_memory ? MS_NOEXEC : 0), options.c_str()) < 0) {
      Answer(Errno("mount tmpfs on " + path));
      return 1;
    }
  }
  for (const auto& [name, value] : spec.sysctls) {
    if (!SetSysctl(name, value)) {
      Answer(Errno("set sysctl " + name));
      return 1;
    }
  }
  if (spec.share_pid) {
    const pid_t first = fork();
    if (first < 0) {
      Answer(Errno("fork"));
      return 1;
    }
    if (first > 0) {
      WritePidFile(spec.pid_file, first);
      Answer("ok " + std::to_string(first) + "\n");
      _exit(0);
    }
    close(kReadyFd);
    Hold();
  }
  WritePidFile(spec.pid_file, getpid());
  Answer("ok " + std::to_string(getpid()) + "\n");
  Hold();
}

}  // namespace kubelet
