// The container supervisor: starts the container's first process in its namespaces, writes its log, serves attach
// clients, and records how it ended.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kubelet/runtime/shim/attach.h"
#include "kubelet/runtime/shim/log_writer.h"
#include "kubelet/runtime/shim/process.h"
#include "kubelet/runtime/shim/record.h"
#include "kubelet/runtime/shim/rootfs.h"
#include "kubelet/runtime/shim/shim.h"

namespace kubelet {
namespace {

struct Streams {
  int out = -1, err = -1, in = -1;  // our ends; a terminal is `out` and `in` at once
};

int64_t NowNanos() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

// setns by a file of /proc/PID/ns; 0 means stay.
void JoinNamespace(int pid, const char* name, int type) {
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/" + name;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) FailChild("open " + path, errno);
  if (setns(fd, type) < 0) FailChild("join " + path, errno);
  close(fd);
}

[[noreturn]] void RunChild(const ContainerSpecFile& spec, int console) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  setsid();
  JoinCgroups(spec.process);
  if (spec.sandbox_pid > 0) {
    if (!spec.host_network) {
      JoinNamespace(spec.sandbox_pid, "net", CLONE_NEWNET);
      JoinNamespace(spec.sandbox_pid, "uts", CLONE_NEWUTS);
    }
    if (!spec.host_ipc) JoinNamespace(spec.sandbox_pid, "ipc", CLONE_NEWIPC);
  }
  const std::vector<int> taken = TakeSandboxMounts(spec);
  if (unshare(CLONE_NEWNS | (spec.cgroup_mode == "v2" ? CLONE_NEWCGROUP : 0)) < 0) {
    FailChild("create mount namespace", errno);
  }
  EnterRootfs(spec, taken);
  if (spec.process.tty) TakeTerminal(console);
  ExecProcess(spec.process);
}

// oom kills counted by the container's cgroup: v1 memory.oom_control, v2 memory.events.
int64_t OomKills(const std::string& file) {
  std::string text;
  if (file.empty() || !ReadWholeFile(file, &text)) return 0;
  const size_t at = text.find("oom_kill ");
  return at == std::string::npos ? 0 : atoll(text.c_str() + at + 9);
}

class Supervisor {
 public:
  Supervisor(const ContainerSpecFile& spec, pid_t child, Streams streams, int signals, int64_t started)
      : spec_(spec), child_(child), streams_(streams), signals_(signals), started_(started),
        log_(spec.log_path, spec.log_max_bytes, spec.log_max_files), attach_(spec.attach_socket, spec.stdin) {}

  void Run() {
    bool ended = false;
    int status = 0;
    while (!ended) {
      std::vector<pollfd> fds = {{signals_, POLLIN, 0}, {streams_.out, POLLIN, 0}, {streams_.err, POLLIN, 0}};
      if (streams_.in >= 0 && !attach_.stdin_data().empty()) {
        fds.push_back({streams_.in, POLLOUT, 0});
      } else {
        fds.push_back({-1, 0, 0});
      }
      const size_t attach_at = fds.size();
      attach_.AddPolls(&fds);
      if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) break;
      if (fds[1].revents != 0) Pump(&streams_.out, 1);
      if (fds[2].revents != 0) Pump(&streams_.err, 2);
      attach_.Handle(fds, attach_at);
      FeedStdin();
      if (fds[0].revents != 0) {
        signalfd_siginfo info;
        while (read(signals_, &info, sizeof info) > 0) {
        }
        ended = waitpid(child_, &status, WNOHANG) == child_;
      }
    }
    // What is in the pipes already belongs to the log; a grandchild that keeps them open does not hold us up.
    Drain(&streams_.out, 1);
    Drain(&streams_.err, 2);
    log_.Flush();
    ExitRecord exit;
    exit.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    exit.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    exit.oom_killed = OomKills(spec_.oom_file) > 0;
    exit.started_nanos = started_;
    exit.finished_nanos = NowNanos();
    ReplaceFile(spec_.exit_file, EncodeExit(exit));
    attach_.Finish(exit.exit_code);
  }

 private:
  // Reads once; closes the stream at its end.
  bool Pump(int* fd, int stream) {
    if (*fd < 0) return false;
    char buffer[32768];
    const ssize_t n = read(*fd, buffer, sizeof buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n <= 0) {
      if (*fd == streams_.in) streams_.in = -1;  // a terminal is both
      close(*fd);
      *fd = -1;
      return false;
    }
    log_.Write(stream, buffer, static_cast<size_t>(n));
    attach_.Output(stream, buffer, static_cast<size_t>(n));
    return true;
  }

  void Drain(int* fd, int stream) {
    while (Pump(fd, stream)) {
    }
  }

  void FeedStdin() {
    if (attach_.TakeResize(&size_) && spec_.process.tty && streams_.out >= 0) ioctl(streams_.out, TIOCSWINSZ, &size_);
    if (streams_.in < 0) return;
    std::string& data = attach_.stdin_data();
    while (!data.empty()) {
      const ssize_t n = write(streams_.in, data.data(), data.size());
      if (n <= 0) break;
      data.erase(0, static_cast<size_t>(n));
    }
    if (data.empty() && attach_.stdin_closed() && !spec_.process.tty && spec_.stdin_once) {
      close(streams_.in);
      streams_.in = -1;
    }
  }

  const ContainerSpecFile& spec_;
  const pid_t child_;
  Streams streams_;
  const int signals_;
  const int64_t started_;
  LogWriter log_;
  AttachServer attach_;
  winsize size_ = {};
};

void MakePipe(int* read_end, int* write_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return;
  *read_end = ends[0];
  *write_end = ends[1];
}

void NonBlocking(int fd) {
  if (fd >= 0) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

}  // namespace

int RunContainerShim(const std::string& spec_path) {
  std::string text;
  ContainerSpecFile spec;
  if (!ReadWholeFile(spec_path, &text) || !DecodeSpec(text, &spec)) {
    Answer("error unreadable container specification " + spec_path);
    return 1;
  }
  Daemonize();
  fcntl(kReadyFd, F_SETFD, FD_CLOEXEC);
  prctl(PR_SET_NAME, "kubelet-shim");
  sigset_t set;
  sigfillset(&set);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  const int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

  Streams ours, theirs;
  int failure[2], console[2] = {-1, -1};
  if (pipe2(failure, O_CLOEXEC) < 0) return 1;
  if (spec.process.tty) {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console) < 0) return 1;
  } else {
    MakePipe(&ours.out, &theirs.out);
    MakePipe(&ours.err, &theirs.err);
    if (spec.stdin) MakePipe(&theirs.in, &ours.in);
  }
  if (spec.pid_namespace_of > 0) {
    SetFailureFd(kReadyFd);  // we still speak for ourselves
    JoinNamespace(spec.pid_namespace_of, "pid", CLONE_NEWPID);
  } else if (spec.pid_namespace_of == 0 && unshare(CLONE_NEWPID) < 0) {
    Answer(std::string("error create pid namespace: ") + strerror(errno));
    return 1;
  }
  const int64_t started = NowNanos();
  const pid_t child = fork();
  if (child < 0) {
    Answer(std::string("error fork: ") + strerror(errno));
    return 1;
  }
  if (child == 0) {
    SetFailureFd(failure[1]);
    if (!spec.process.tty) {
      if (theirs.in >= 0) dup2(theirs.in, 0);
      dup2(theirs.out, 1);
      dup2(theirs.err, 2);
    }
    RunChild(spec, console[1]);
  }
  close(failure[1]);
  for (int fd : {theirs.in, theirs.out, theirs.err, console[1]}) {
    if (fd >= 0) close(fd);
  }
  if (spec.process.tty) {
    ours.out = ReceiveFd(console[0]);
    ours.in = ours.out;
    close(console[0]);
  }
  std::string why;
  char buffer[1024];
  ssize_t n;
  while ((n = read(failure[0], buffer, sizeof buffer)) > 0) why.append(buffer, static_cast<size_t>(n));
  close(failure[0]);
  if (!why.empty()) {
    waitpid(child, nullptr, 0);
    Answer("error " + why);
    return 1;
  }
  NonBlocking(ours.out);
  NonBlocking(ours.err);
  NonBlocking(ours.in);
  WritePidFile(spec.pid_file, child);
  Supervisor supervisor(spec, child, ours, signals, started);
  Answer("ok " + std::to_string(child) + "\n");
  supervisor.Run();
  return 0;
}

}  // namespace kubelet
