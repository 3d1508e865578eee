// kubelet-shim: keeps one sandbox or container alive, independent of the kubelet. Small and static on purpose: one
// runs beside every container.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kubelet/runtime/shim/record.h"
#include "kubelet/runtime/shim/shim.h"

namespace kubelet {

void Answer(const std::string& text) {
  (void)!write(kReadyFd, text.data(), text.size());
  close(kReadyFd);
}

void WritePidFile(const std::string& path, int pid) {
  Record r;
  r.AddInt("pid", pid);
  r.AddInt("start_time", static_cast<int64_t>(ProcessStartTime(pid)));
  r.AddInt("shim_pid", getpid());
  r.AddInt("shim_start_time", static_cast<int64_t>(ProcessStartTime(getpid())));
  ReplaceFile(path, r.Encode());
}

void Daemonize() {
  const pid_t child = fork();
  if (child != 0) _exit(child < 0 ? 1 : 0);
  setsid();
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
  if (null > 2) close(null);
}

}  // namespace kubelet

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "kubelet-shim is started by the kubelet: sandbox|container|exec SPEC\n");
    return 2;
  }
  syscall(SYS_close_range, 5u, ~0u, 0u);  // whatever the kubelet had open without close-on-exec
  signal(SIGPIPE, SIG_IGN);
  if (strcmp(argv[1], "sandbox") == 0) return kubelet::RunSandboxShim(argv[2]);
  if (strcmp(argv[1], "container") == 0) return kubelet::RunContainerShim(argv[2]);
  if (strcmp(argv[1], "exec") == 0) return kubelet::RunExecShim(argv[2]);
  return 2;
}
