#include "kubelet/runtime/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/file.h"

extern char** environ;

namespace kubelet {
namespace {

struct Pipe {
  int fds[2] = {-1, -1};
  Pipe() { (void)!pipe2(fds, O_CLOEXEC); }
  ~Pipe() { Close(0), Close(1); }
  void Close(int end) {
    if (fds[end] >= 0) close(fds[end]);
    fds[end] = -1;
  }
};

bool ReadSome(int fd, std::string* out) {
  char buffer[16384];
  const ssize_t n = read(fd, buffer, sizeof buffer);
  if (n > 0) out->append(buffer, static_cast<size_t>(n));
  return n > 0 || (n < 0 && errno == EINTR);
}

}  // namespace

absl::StatusOr<SubprocessResult> RunSubprocess(const SubprocessOptions& options) {
  Pipe in, out, err;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.fds[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out.fds[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err.fds[1], 2);
  // A helper that outlives a killed kubelet must not keep its sockets: the next one could not listen.
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, pipe_signal;
  sigemptyset(&none);
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv, envp;
  for (const std::string& arg : options.args) argv.push_back(const_cast<char*>(arg.c_str()));
  for (const std::string& entry : options.env) envp.push_back(const_cast<char*>(entry.c_str()));
  for (char** entry = environ; *entry != nullptr; ++entry) envp.push_back(*entry);
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return error == ENOENT ? absl::NotFoundError(absl::StrCat(options.args[0], ": ", strerror(error)))
                           : absl::InternalError(absl::StrCat("start ", options.args[0], ": ", strerror(error)));
  }
  in.Close(0);
  out.Close(1);
  err.Close(1);
  SubprocessResult result;
  size_t written = 0;
  fcntl(in.fds[1], F_SETFL, O_NONBLOCK);
  if (options.input.empty()) in.Close(1);
  const absl::Time deadline = absl::Now() + options.timeout;
  bool expired = false;
  while (out.fds[0] >= 0 || err.fds[0] >= 0) {
    pollfd fds[3] = {{out.fds[0], POLLIN, 0}, {err.fds[0], POLLIN, 0}, {in.fds[1], POLLOUT, 0}};
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    if (left <= 0) {
      expired = true;
      kill(pid, SIGKILL);
      break;
    }
    if (poll(fds, 3, static_cast<int>(std::min<int64_t>(left + 1, 60000))) < 0 && errno != EINTR) break;
    if (fds[0].revents != 0 && !ReadSome(out.fds[0], &result.out)) out.Close(0);
    if (fds[1].revents != 0 && !ReadSome(err.fds[0], &result.err)) err.Close(0);
    if (fds[2].revents != 0) {
      const ssize_t n = write(in.fds[1], options.input.data() + written, options.input.size() - written);
      if (n > 0) written += static_cast<size_t>(n);
      if ((n < 0 && errno != EAGAIN) || written == options.input.size()) in.Close(1);
    }
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (expired) return absl::DeadlineExceededError(absl::StrCat(options.args[0], " timed out"));
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

}  // namespace kubelet
