#include "kubelet/runtime/embedded/shim_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "kubelet/runtime/shim/shim.h"

namespace kubelet {

absl::StatusOr<ShimProcess> ShimProcess::Start(const std::string& program, const char* kind, const std::string& spec_path,
                                               const Streams& streams) {
  int answer[2];
  if (pipe2(answer, O_CLOEXEC) < 0) return absl::ResourceExhaustedError(absl::StrCat("pipe: ", strerror(errno)));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Targets 0 to 4 must not destroy a source: sources are above 4 because the daemon holds the low ones.
  const int wanted[] = {streams.in, streams.out, streams.err};
  for (int fd = 0; fd < 3; ++fd) {
    if (wanted[fd] >= 0) {
      posix_spawn_file_actions_adddup2(&actions, wanted[fd], fd);
    } else {
      posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    }
  }
  posix_spawn_file_actions_adddup2(&actions, answer[1], kReadyFd);
  if (streams.console >= 0) {
    posix_spawn_file_actions_adddup2(&actions, streams.console, kConsoleFd);
  } else {
    posix_spawn_file_actions_addopen(&actions, kConsoleFd, "/dev/null", O_RDWR, 0);
  }
  posix_spawn_file_actions_addclosefrom_np(&actions, kConsoleFd + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  char* argv[] = {const_cast<char*>("kubelet-shim"), const_cast<char*>(kind), const_cast<char*>(spec_path.c_str()), nullptr};
  char* envp[] = {nullptr};
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.c_str(), &actions, &attributes, argv, envp);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(answer[1]);
  if (error != 0) {
    close(answer[0]);
    return absl::InternalError(absl::StrCat("start ", program, ": ", strerror(error)));
  }
  return ShimProcess(pid, answer[0]);
}

ShimProcess::ShimProcess(ShimProcess&& other) noexcept : pid_(other.pid_), answer_(other.answer_), program_(other.program_) {
  other.answer_ = other.program_ = -1;
}

ShimProcess::~ShimProcess() {
  if (answer_ >= 0) close(answer_);
  if (program_ >= 0) close(program_);
}

std::string ShimProcess::ReadAnswer() {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t n = read(answer_, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(buffer, static_cast<size_t>(n));
  }
  if (text.compare(0, 3, "ok ") == 0) program_ = static_cast<int>(syscall(SYS_pidfd_open, atoi(text.c_str() + 3), 0));
  return text;
}

int ShimProcess::Wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void ShimProcess::Kill() {
  if (program_ >= 0) syscall(SYS_pidfd_send_signal, program_, SIGKILL, nullptr, 0);
}

}  // namespace kubelet
