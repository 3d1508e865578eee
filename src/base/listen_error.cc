#include "base/listen_error.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace base {

std::string ListenError(absl::string_view host_port) {
  const std::string prefix = absl::StrCat("listen tcp ", host_port, ": ");
  const size_t colon = host_port.rfind(':');
  if (colon == absl::string_view::npos) return absl::StrCat(prefix, "missing port in address");
  absl::string_view host = host_port.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  const int unknown = getaddrinfo(host.empty() ? nullptr : std::string(host).c_str(), std::string(host_port.substr(colon + 1)).c_str(),
                                  &hints, &found);
  if (unknown != 0) return absl::StrCat(prefix, "lookup ", host, ": ", gai_strerror(unknown));
  std::string why = "failed";
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0) {
    why = std::strerror(errno);
    why[0] = absl::ascii_tolower(why[0]);
    why.insert(0, "bind: ");
  }
  if (fd >= 0) close(fd);
  freeaddrinfo(found);
  return prefix + why;
}

}  // namespace base
