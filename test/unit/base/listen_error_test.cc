#include "base/listen_error.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace base {
namespace {

TEST(ListenErrorTest, ATakenPortIsSaidToBeTaken) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string at = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  EXPECT_EQ(ListenError(at), absl::StrCat("listen tcp ", at, ": bind: address already in use"));
  close(fd);
}

TEST(ListenErrorTest, AnAddressOfAnotherMachineIsSaidToBeSo) {
  EXPECT_EQ(ListenError("192.0.2.1:9"), "listen tcp 192.0.2.1:9: bind: cannot assign requested address");
  EXPECT_EQ(ListenError("nowhere"), "listen tcp nowhere: missing port in address");
}

}  // namespace
}  // namespace base
