#include "kubelet/runtime/shim/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kubelet/runtime/shim/record.h"

namespace kubelet {
namespace {

int failure_fd = -1;

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home = "/";
  std::vector<gid_t> groups;
};

bool IsNumber(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// Splits one line of passwd or group at colons.
std::vector<std::string> Fields(const std::string& line) {
  std::vector<std::string> fields;
  size_t at = 0;
  for (;;) {
    const size_t colon = line.find(':', at);
    fields.push_back(line.substr(at, colon == std::string::npos ? colon : colon - at));
    if (colon == std::string::npos) return fields;
    at = colon + 1;
  }
}

template <typename Visit>
void EachLine(const char* path, Visit visit) {
  std::string text;
  if (!ReadWholeFile(path, &text)) return;
  size_t at = 0;
  while (at < text.size()) {
    size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    visit(Fields(text.substr(at, end - at)));
    at = end + 1;
  }
}

// Resolves names by the container's own /etc/passwd and /etc/group. An unknown number is taken as it is.
Identity ResolveUser(const ProcessSpec& process) {
  Identity id;
  std::string user = process.user, group;
  if (const size_t colon = user.find(':'); colon != std::string::npos) {
    group = user.substr(colon + 1);
    user.resize(colon);
  }
  if (process.run_as_user >= 0) {
    user = std::to_string(process.run_as_user);
    group.clear();
  }
  if (user.empty()) user = "0";
  bool found = false;
  std::string name;
  EachLine("/etc/passwd", [&](const std::vector<std::string>& f) {
    if (found || f.size() < 6 || (f[0] != user && f[2] != user)) return;
    found = true;
    name = f[0];
    id.uid = static_cast<uid_t>(atoll(f[2].c_str()));
    id.gid = static_cast<gid_t>(atoll(f[3].c_str()));
    id.home = f[5];
  });
  if (!found) {
    if (!IsNumber(user)) FailChild("unable to find user " + user + ": no matching entries in passwd file");
    id.uid = static_cast<uid_t>(atoll(user.c_str()));
  }
  bool group_found = group.empty();
  EachLine("/etc/group", [&](const std::vector<std::string>& f) {
    if (f.size() < 3) return;
    if (!group_found && (f[0] == group || f[2] == group)) {
      group_found = true;
      id.gid = static_cast<gid_t>(atoll(f[2].c_str()));
    }
    if (f.size() < 4 || name.empty()) return;
    const std::string members = "," + f[3] + ",";
    if (members.find("," + name + ",") != std::string::npos) {
      id.groups.push_back(static_cast<gid_t>(atoll(f[2].c_str())));
    }
  });
  if (!group_found) {
    if (!IsNumber(group)) FailChild("unable to find group " + group + ": no matching entries in group file");
    id.gid = static_cast<gid_t>(atoll(group.c_str()));
  }
  if (process.run_as_group >= 0) id.gid = static_cast<gid_t>(process.run_as_group);
  id.groups.push_back(id.gid);
  for (int64_t extra : process.groups) id.groups.push_back(static_cast<gid_t>(extra));
  return id;
}

void DropBounding(uint64_t keep) {
  for (int cap = 0; cap < 64; ++cap) {
    if ((keep >> cap) & 1) continue;
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno == EINVAL) break;  // past the kernel's last
  }
}

void SetCapabilities(uint64_t set) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct have[2] = {}, want[2] = {};
  syscall(SYS_capget, &header, have);
  for (int i = 0; i < 2; ++i) {  // what the kubelet itself lacks cannot be given
    const uint32_t bits = static_cast<uint32_t>(set >> (32 * i)) & have[i].permitted;
    want[i].effective = want[i].permitted = bits;
  }
  if (syscall(SYS_capset, &header, want) < 0) FailChild("set capabilities", errno);
}

// Takes effect at once and for all that is executed later.
void FilterSystemCalls(const ProcessSpec& process) {
  std::vector<sock_filter> steps(process.seccomp_filter.size() / sizeof(sock_filter));
  if (steps.empty()) return;
  memcpy(steps.data(), process.seccomp_filter.data(), steps.size() * sizeof(sock_filter));
  const sock_fprog program = {static_cast<unsigned short>(steps.size()), steps.data()};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, process.seccomp_flags, &program) < 0) FailChild("install seccomp filter", errno);
}

std::string EnvValue(const std::vector<std::string>& env, const std::string& name) {
  for (const std::string& entry : env) {
    if (entry.compare(0, name.size() + 1, name + "=") == 0) return entry.substr(name.size() + 1);
  }
  return "";
}

// The file to execute, found as a shell would; fails with the wording users know from container runtimes.
std::string FindProgram(const ProcessSpec& process) {
  const std::string& name = process.args[0];
  if (name.find('/') != std::string::npos) {
    struct stat st;
    if (stat(name.c_str(), &st) < 0) {
      const int error = errno;
      FailChild("exec: \"" + name + "\": stat " + name + ": " +
                (error == ENOENT ? "no such file or directory"
                                 : error == ENOTDIR ? "not a directory" : strerror(error)));
    }
    if (S_ISDIR(st.st_mode)) FailChild("exec: \"" + name + "\": is a directory");
    if (access(name.c_str(), X_OK) < 0) FailChild("exec: \"" + name + "\": permission denied");
    return name;
  }
  std::string path = EnvValue(process.env, "PATH");
  if (path.empty()) path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const std::string& dir : Fields(path)) {
    const std::string candidate = (dir.empty() ? "." : dir) + "/" + name;
    struct stat st;
    if (stat(candidate.c_str(), &st) == 0 && S_ISREG(st.st_mode) && access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  FailChild("exec: \"" + name + "\": executable file not found in $PATH");
}

void MakePath(const std::string& path) {
  for (size_t at = 1; at != std::string::npos;) {
    at = path.find('/', at);
    mkdir(path.substr(0, at).c_str(), 0755);
    if (at != std::string::npos) ++at;
  }
}

}  // namespace

void SetFailureFd(int fd) { failure_fd = fd; }

void FailChild(const std::string& what, int error) {
  std::string text = what;
  if (error != 0) text += std::string(": ") + strerror(error);
  if (failure_fd >= 0) (void)!write(failure_fd, text.data(), text.size());
  _exit(127);
}

void JoinCgroups(const ProcessSpec& process) {
  for (const std::string& path : process.cgroup_procs) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) FailChild("open " + path, errno);
    if (write(fd, "0", 1) < 0) FailChild("join " + path, errno);
    close(fd);
  }
}

bool SendFd(int socket, int fd) {
  char byte = 'f';
  iovec iov = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return sendmsg(socket, &message, 0) == 1;
}

int ReceiveFd(int socket) {
  char byte;
  iovec iov = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return -1;
  int fd;
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

void TakeTerminal(int master_to) {
  const int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0) FailChild("open /dev/ptmx", errno);
  int unlock = 0, number = 0;
  if (ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCGPTN, &number) < 0) {
    FailChild("unlock terminal", errno);
  }
  const std::string name = "/dev/pts/" + std::to_string(number);
  const int slave = open(name.c_str(), O_RDWR | O_NOCTTY);
  if (slave < 0) FailChild("open " + name, errno);
  if (!SendFd(master_to, master)) FailChild("hand over terminal", errno);
  close(master);
  if (ioctl(slave, TIOCSCTTY, 0) < 0) FailChild("take terminal", errno);
  for (int fd = 0; fd < 3; ++fd) dup2(slave, fd);
  if (slave > 2) close(slave);
}

void ExecProcess(const ProcessSpec& process) {
  // A negative value needs CAP_SYS_RESOURCE; where it is refused the next best is what we inherited.
  const std::string score = std::to_string(process.oom_score_adj);
  if (const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); fd >= 0) {
    (void)!write(fd, score.data(), score.size());
    close(fd);
  }
  if (process.args.empty()) FailChild("no command specified");
  const Identity id = ResolveUser(process);
  if (!process.cwd.empty() && chdir(process.cwd.c_str()) < 0) {
    MakePath(process.cwd);
    if (chdir(process.cwd.c_str()) < 0) FailChild("chdir to cwd (\"" + process.cwd + "\") set in config.json failed", errno);
  }
  if (process.tty) {
    (void)!fchown(0, id.uid, static_cast<gid_t>(-1));
  }
  DropBounding(process.capabilities);
  // Without no_new_privs only a capability that is about to go may install a filter; with it the filter comes last, so
  // that it need not allow what becoming the user takes. OCI runtimes do the same, which is what profiles count on.
  if (!process.no_new_privileges) FilterSystemCalls(process);
  if (setgroups(id.groups.size(), id.groups.data()) < 0) FailChild("setgroups", errno);
  if (setresgid(id.gid, id.gid, id.gid) < 0) FailChild("setgid", errno);
  if (id.uid != 0 && setresuid(id.uid, id.uid, id.uid) < 0) FailChild("setuid", errno);
  if (id.uid == 0) SetCapabilities(process.capabilities);
  if (process.no_new_privileges) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // Changing identity clears the signal that ties this process to its supervisor: set it again.
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);

  std::vector<std::string> env = process.env;
  if (EnvValue(env, "HOME").empty()) env.push_back("HOME=" + id.home);
  std::vector<char*> argv, envp;
  for (const std::string& arg : process.args) argv.push_back(const_cast<char*>(arg.c_str()));
  for (const std::string& entry : env) envp.push_back(const_cast<char*>(entry.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  const std::string program = FindProgram(process);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal = 1; signal < 32; ++signal) ::signal(signal, SIG_DFL);
  umask(022);
  if (process.no_new_privileges) FilterSystemCalls(process);
  execve(program.c_str(), argv.data(), envp.data());
  FailChild("exec " + program, errno);
}

}  // namespace kubelet
