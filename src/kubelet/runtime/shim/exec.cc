// Runs one more program inside a running container and waits for it.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kubelet/runtime/shim/process.h"
#include "kubelet/runtime/shim/record.h"
#include "kubelet/runtime/shim/shim.h"

namespace kubelet {

int RunExecShim(const std::string& spec_path) {
  std::string text;
  ExecSpecFile spec;
  if (!ReadWholeFile(spec_path, &text) || !DecodeSpec(text, &spec)) {
    Answer("error unreadable exec specification");
    return 126;
  }
  unlink(spec_path.c_str());
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  int failure[2], program_pid[2];
  if (pipe2(failure, O_CLOEXEC) < 0 || pipe2(program_pid, O_CLOEXEC) < 0) return 126;
  fcntl(kReadyFd, F_SETFD, FD_CLOEXEC);
  fcntl(kConsoleFd, F_SETFD, FD_CLOEXEC);
  SetFailureFd(failure[1]);
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, spec.target_pid, 0));
  if (pidfd < 0) {
    Answer("error container is not running");
    return 126;
  }
  // A namespace of the container that is also ours (host network, say) is entered without effect.
  const pid_t child_of_cgroup = fork();
  if (child_of_cgroup == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    JoinCgroups(spec.process);
    if (setns(pidfd, CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWCGROUP) < 0) {
      FailChild("enter the container", errno);
    }
    const pid_t program = fork();  // a pid namespace is entered by children only
    if (program < 0) FailChild("fork", errno);
    if (program == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      setsid();
      if (spec.process.tty) TakeTerminal(kConsoleFd);
      ExecProcess(spec.process);
    }
    (void)!write(program_pid[1], &program, sizeof program);
    close(program_pid[1]);
    close(failure[1]);
    close(kConsoleFd);
    close(kReadyFd);
    for (int fd = 0; fd < 3; ++fd) close(fd);  // the streams end with the program, not with us
    int status = 0;
    while (waitpid(program, &status, 0) < 0 && errno == EINTR) {
    }
    _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  }
  close(failure[1]);
  close(program_pid[1]);
  close(kConsoleFd);
  for (int fd = 0; fd < 3; ++fd) close(fd);
  pid_t program = 0;
  (void)!read(program_pid[0], &program, sizeof program);
  std::string why;
  char buffer[1024];
  ssize_t n;
  while ((n = read(failure[0], buffer, sizeof buffer)) > 0) why.append(buffer, static_cast<size_t>(n));
  Answer(why.empty() ? "ok " + std::to_string(program) + "\n" : "error " + why);
  int status = 0;
  while (waitpid(child_of_cgroup, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace kubelet
