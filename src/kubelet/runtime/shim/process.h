// Turns the calling process into the one a ProcessSpec describes. Runs in a freshly forked child, already inside the
// container's namespaces and root.
#pragma once
#include <string>

#include "kubelet/runtime/shim/spec.h"

namespace kubelet {

// Where a failing child says why; -1: nowhere. Closed by a successful exec.
void SetFailureFd(int fd);
// Writes `what` (and errno's text when not 0) to the failure descriptor and exits.
[[noreturn]] void FailChild(const std::string& what, int error = 0);

// Writes the calling process into every cgroup of the list; call before entering other namespaces.
void JoinCgroups(const ProcessSpec& process);

// Opens a new terminal from the container's own /dev/pts, makes it the controlling terminal and standard streams of
// the caller, and sends the master side over the socket `master_to`.
void TakeTerminal(int master_to);

// User, groups, capabilities, working directory, environment, exec. Never returns.
[[noreturn]] void ExecProcess(const ProcessSpec& process);

// Passing one descriptor over a Unix socket. ReceiveFd answers -1 when the peer closed without sending.
bool SendFd(int socket, int fd);
int ReceiveFd(int socket);

}  // namespace kubelet
