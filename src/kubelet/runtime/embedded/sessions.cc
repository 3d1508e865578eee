// Exec, attach and port-forward of the embedded runtime.
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubelet/runtime/embedded/embedded_runtime.h"
#include "kubelet/runtime/embedded/shim_process.h"
#include "kubelet/runtime/shim/attach.h"
#include "kubelet/runtime/shim/process.h"
#include "kubelet/runtime/shim/record.h"
#include "kubelet/runtime/pod_dial.h"

namespace kubelet {
namespace {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  ~Fd() { Reset(-1); }
  int get() const { return fd_; }
  int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void Reset(int fd) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

void MakePipe(Fd* read_end, Fd* write_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return;
  read_end->Reset(ends[0]);
  write_end->Reset(ends[1]);
}

void WriteAll(int fd, absl::string_view data) {
  while (!data.empty()) {
    const ssize_t n = write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      pollfd wait = {fd, POLLOUT, 0};
      poll(&wait, 1, -1);
      continue;
    }
    if (n <= 0) return;  // nobody reads any more
    data.remove_prefix(static_cast<size_t>(n));
  }
}

class ExecSession final : public StreamSession {
 public:
  ExecSession(ShimProcess shim, Fd in, Fd out, Fd err, Fd terminal)
      : shim_(std::move(shim)), in_(std::move(in)), out_(std::move(out)), err_(std::move(err)), terminal_(std::move(terminal)) {}

  absl::StatusOr<int> Run(const StreamOutput& output) override {
    int out = terminal_.get() >= 0 ? terminal_.get() : out_.get();
    int err = err_.get();
    while (out >= 0 || err >= 0) {
      pollfd fds[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
      if (poll(fds, 2, -1) < 0 && errno != EINTR) break;
      if (fds[0].revents != 0 && !Forward(out, 1, output)) out = -1;
      if (fds[1].revents != 0 && !Forward(err, 2, output)) err = -1;
    }
    const int code = shim_.Wait();
    ended_ = true;
    return code;
  }

  void WriteStdin(absl::string_view data) override {
    const int fd = terminal_.get() >= 0 ? terminal_.get() : in_.get();
    if (fd >= 0) WriteAll(fd, data);
  }
  void CloseStdin() override { in_.Reset(-1); }
  void Resize(int columns, int rows) override {
    winsize size = {};
    size.ws_col = static_cast<unsigned short>(columns);
    size.ws_row = static_cast<unsigned short>(rows);
    if (terminal_.get() >= 0) ioctl(terminal_.get(), TIOCSWINSZ, &size);
  }
  void Kill() override {
    if (!ended_) shim_.Kill();
  }

 private:
  bool Forward(int fd, int stream, const StreamOutput& output) {
    char buffer[32768];
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) return true;
    if (n <= 0) return false;
    if (output(stream, absl::string_view(buffer, static_cast<size_t>(n)))) return true;
    Kill();
    return false;
  }

  ShimProcess shim_;
  Fd in_, out_, err_, terminal_;
  std::atomic<bool> ended_{false};
};

class AttachSession final : public StreamSession {
 public:
  explicit AttachSession(Fd socket) : socket_(std::move(socket)) {}

  absl::StatusOr<int> Run(const StreamOutput& output) override {
    std::string buffer;
    char chunk[32768];
    for (;;) {
      const ssize_t n = read(socket_.get(), chunk, sizeof chunk);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return 0;
      buffer.append(chunk, static_cast<size_t>(n));
      AttachFrame type;
      std::string payload;
      while (TakeAttachFrame(&buffer, &type, &payload)) {
        if (type == kAttachExit) {
          int code = 0;
          (void)absl::SimpleAtoi(payload, &code);
          return code;
        }
        if (!output(type == kAttachStderr ? 2 : 1, payload)) return 0;
      }
    }
  }
  void WriteStdin(absl::string_view data) override { Send(kAttachStdin, data); }
  void CloseStdin() override { Send(kAttachStdinEnd, ""); }
  void Resize(int columns, int rows) override { Send(kAttachResize, absl::StrCat(columns, " ", rows)); }
  void Kill() override { shutdown(socket_.get(), SHUT_RDWR); }

 private:
  void Send(AttachFrame type, absl::string_view data) {
    WriteAll(socket_.get(), EncodeAttachFrame(type, data.data(), data.size()));
  }
  Fd socket_;
};

// fd numbers below 5 are where the child expects its own; keep ours above.
void Lift(Fd* fd) {
  if (fd->get() >= 0 && fd->get() < 5) fd->Reset(fcntl(fd->get(), F_DUPFD_CLOEXEC, 5));
}

struct StartedExec {
  ShimProcess shim;
  Fd in, out, err, terminal;
};

absl::StatusOr<StartedExec> StartExec(const std::string& shim_path, const std::string& root, const std::string& container_dir,
                                      int pid, const ExecRequest& request) {
  static std::atomic<int> count{0};
  std::string text;
  ContainerSpecFile container;
  if (!ReadWholeFile(container_dir + "/spec", &text) || !DecodeSpec(text, &container)) {
    return absl::DataLossError("unreadable container specification");
  }
  ExecSpecFile spec;
  spec.process = container.process;
  spec.process.args = request.command;
  spec.process.tty = request.tty;
  if (request.tty) spec.process.env.push_back("TERM=xterm");
  spec.target_pid = pid;
  const std::string path = absl::StrCat(root, "/runtime/exec/", ++count);
  ReplaceFile(path, EncodeSpec(spec));
  Fd child_in, child_out, child_err, in, out, err, console, child_console, terminal;
  if (request.tty) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return base::ErrnoStatus("socketpair");
    console.Reset(ends[0]);
    child_console.Reset(ends[1]);
  } else {
    if (request.stdin) MakePipe(&child_in, &in);
    MakePipe(&out, &child_out);
    MakePipe(&err, &child_err);
  }
  for (Fd* fd : {&child_in, &child_out, &child_err, &child_console}) Lift(fd);
  ASSIGN_OR_RETURN(ShimProcess shim, ShimProcess::Start(shim_path, "exec", path,
                                                        {child_in.get(), child_out.get(), child_err.get(), child_console.get()}));
  for (Fd* fd : {&child_in, &child_out, &child_err, &child_console}) fd->Reset(-1);
  if (request.tty) terminal.Reset(ReceiveFd(console.get()));
  const std::string answer = shim.ReadAnswer();
  if (!absl::StartsWith(answer, "ok ")) {
    shim.Wait();
    return absl::InternalError(absl::StrCat("failed to exec in container: failed to start exec: ",
                                            absl::StartsWith(answer, "error ") ? answer.substr(6) : "no answer"));
  }
  return StartedExec{std::move(shim), std::move(in), std::move(out), std::move(err), std::move(terminal)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<StreamSession>> EmbeddedRuntime::Exec(const std::string& id, const ExecRequest& request) {
  ASSIGN_OR_RETURN(const Container c, Find(id));
  if (c.pid <= 0) return absl::FailedPreconditionError(absl::StrCat("container ", id, " is not running"));
  ASSIGN_OR_RETURN(StartedExec exec, StartExec(options_.shim_path, options_.root_dir, ContainerDir(id), c.pid, request));
  return std::make_unique<ExecSession>(std::move(exec.shim), std::move(exec.in), std::move(exec.out), std::move(exec.err),
                                       std::move(exec.terminal));
}

absl::StatusOr<ExecResult> EmbeddedRuntime::ExecSync(const std::string& id, const std::vector<std::string>& command,
                                                     absl::Duration timeout) {
  ASSIGN_OR_RETURN(const Container c, Find(id));
  if (c.pid <= 0) return absl::NotFoundError(absl::StrCat("container ", id, " is not running"));
  ASSIGN_OR_RETURN(StartedExec exec,
                   StartExec(options_.shim_path, options_.root_dir, ContainerDir(id), c.pid, {.command = command}));
  ExecResult result;
  const absl::Time deadline = absl::Now() + timeout;
  int out = exec.out.get(), err = exec.err.get();
  bool expired = false;
  while ((out >= 0 || err >= 0) && !expired) {
    int wait = -1;
    if (timeout > absl::ZeroDuration() && timeout < absl::Hours(24)) {  // beyond: as long as it takes
      wait = static_cast<int>(std::max<int64_t>(0, absl::ToInt64Milliseconds(deadline - absl::Now()) + 1));
    }
    pollfd fds[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
    const int n = poll(fds, 2, wait);
    expired = n == 0;
    for (int* fd : {&out, &err}) {
      if (fds[fd == &err].revents == 0) continue;
      char buffer[4096];
      const ssize_t got = read(*fd, buffer, sizeof buffer);
      if (got <= 0) {
        *fd = -1;
      } else if (result.output.size() < 10240) {
        result.output.append(buffer, std::min(static_cast<size_t>(got), 10240 - result.output.size()));
      }
    }
  }
  if (expired) exec.shim.Kill();
  result.exit_code = exec.shim.Wait();
  if (expired) {
    return absl::DeadlineExceededError(absl::StrCat("command timed out: \"", absl::StrJoin(command, " "), "\" timed out after ",
                                                    absl::FormatDuration(timeout)));
  }
  return result;
}

absl::StatusOr<std::unique_ptr<StreamSession>> EmbeddedRuntime::Attach(const std::string& id, bool stdin, bool tty) {
  ASSIGN_OR_RETURN(const Container c, Find(id));
  if (c.pid <= 0) return absl::FailedPreconditionError(absl::StrCat("container ", id, " is not running"));
  Fd socket(ConnectUnix(ContainerDir(id) + "/attach"));
  if (socket.get() < 0) return base::ErrnoStatus("attach to container");
  return std::make_unique<AttachSession>(std::move(socket));
}

absl::StatusOr<int> EmbeddedRuntime::DialPod(const std::string& sandbox_id, int port) {
  int pid = 0;
  bool host = false;
  {
    absl::MutexLock lock(&mu_);
    auto found = sandboxes_.find(sandbox_id);
    if (found == sandboxes_.end()) return absl::NotFoundError(absl::StrCat("sandbox \"", sandbox_id, "\" not found"));
    pid = found->second.pid;
    host = found->second.config.host_network;
  }
  return DialLoopback(host ? "" : absl::StrCat("/proc/", pid, "/ns/net"), port);
}

}  // namespace kubelet
