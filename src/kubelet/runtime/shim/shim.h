// The three things a shim process can be. Each is started by the kubelet with the specification's path as argument,
// answers once on descriptor 3 ("ok PID\n" or "error TEXT") and, for sandboxes and containers, lives on without the
// kubelet: it is nobody's child, in a session of its own.
#pragma once
#include <string>

namespace kubelet {

constexpr int kReadyFd = 3;    // where the answer goes
constexpr int kConsoleFd = 4;  // exec: Unix socket over which the terminal's master side is sent

int RunSandboxShim(const std::string& spec_path);
int RunContainerShim(const std::string& spec_path);
// Exit code: the program's, 128 + signal when killed. The answer's PID is the program's: to stop it, kill that and not
// the shim, which must live to bury it (an orphan in the container's pid namespace would wait for the host's init).
int RunExecShim(const std::string& spec_path);

void Answer(const std::string& text);
void WritePidFile(const std::string& path, int pid);  // pid, start time, shim pid, shim start time
// Forks; the parent exits, the child goes on in a new session with its streams on /dev/null.
void Daemonize();

}  // namespace kubelet
