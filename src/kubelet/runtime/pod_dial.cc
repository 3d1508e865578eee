#include "kubelet/runtime/pod_dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"

namespace kubelet {
namespace {

bool EnterNetwork(const std::string& path) {
  const int ns = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (ns < 0) return false;
  const bool entered = setns(ns, CLONE_NEWNET) == 0;
  close(ns);
  return entered;
}

absl::StatusOr<int> Dial(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return base::ErrnoStatus("socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  const int error = errno;
  close(fd);
  return absl::UnavailableError(absl::StrCat("failed to connect to localhost:", port, " inside namespace: connect: ",
                                             absl::AsciiStrToLower(strerror(error))));
}

}  // namespace

absl::StatusOr<int> DialLoopback(const std::string& namespace_path, int port) {
  absl::StatusOr<int> result = absl::InternalError("not dialed");
  // A thread of its own: a network namespace belongs to a thread, and this one ends with it.
  std::thread([&] {
    if (!namespace_path.empty() && !EnterNetwork(namespace_path)) {
      result = base::ErrnoStatus("enter the pod's network");
      return;
    }
    result = Dial(port);
  }).join();
  return result;
}

}  // namespace kubelet
