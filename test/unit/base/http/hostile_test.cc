// Clients that want the server to hold much, or to wait long: raw bytes over plain TCP.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/http/server.h"

namespace base::http {
namespace {

class RawClient {
 public:
  explicit RawClient(int port, int receive_buffer = 0) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const int now = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
    const timeval patience{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~RawClient() { close(fd_); }

  bool Send(absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  std::string Some() {  // "" at the end
    std::string out(65536, '\0');
    const ssize_t n = recv(fd_, out.data(), out.size(), 0);
    out.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return out;
  }
  std::string Until(absl::string_view mark) {
    std::string all;
    for (std::string some = "x"; !some.empty() && !absl::StrContains(all, mark); all += some) some = Some();
    return all;
  }

 private:
  const int fd_;
};

// An HTTP/2 frame, and a header of a block that is neither indexed nor compressed.
std::string Frame(char type, char flags, uint32_t stream, absl::string_view payload) {
  const uint32_t size = htonl(static_cast<uint32_t>(payload.size()) << 8), id = htonl(stream);
  std::string out(reinterpret_cast<const char*>(&size), 3);
  out += {type, flags};
  out.append(reinterpret_cast<const char*>(&id), 4);
  return out.append(payload.data(), payload.size());
}
std::string Field(absl::string_view name, absl::string_view value) {  // both shorter than 127 bytes
  return absl::StrCat(absl::string_view("\0", 1), std::string(1, static_cast<char>(name.size())), name,
                      std::string(1, static_cast<char>(value.size())), value);
}
std::string Head(absl::string_view method, absl::string_view path) {
  return absl::StrCat(Field(":method", method), Field(":scheme", "http"), Field(":path", path), Field(":authority", "x"));
}
const std::string kHello = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(4, 0, 0, "");
constexpr char kEndStream = 1, kEndHeaders = 4;

class HostileTest : public testing::Test {
 protected:
  void Serve(ServerOptions options, Handler handler) {
    options.addresses = {"127.0.0.1:0"};
    auto server = Server::Create(options, std::move(handler));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }
  void ServeOk(ServerOptions options) {
    Serve(std::move(options), [](Request, std::unique_ptr<ResponseWriter> w) { w->Send(200, {}, "fine"); });
  }
  void ExpectOthersAreServed() {
    RawClient other(server_->port());
    other.Send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
    EXPECT_TRUE(absl::StrContains(other.Until("fine"), "200 OK"));
  }
  std::unique_ptr<Server> server_;
};

TEST_F(HostileTest, APipelineIsAnsweredAsFastAsItIsRead) {
  constexpr size_t kAnswer = 1 << 20, kRequests = 80, kAllowed = 24 << 20;  // what kernels keep is in it
  std::atomic<size_t> made{0};
  Serve({}, [&](Request, std::unique_ptr<ResponseWriter> w) {
    made += kAnswer;
    w->Send(200, {}, std::string(kAnswer, 'x'));
  });
  RawClient client(server_->port(), 1 << 16);
  std::string all;
  for (size_t i = 0; i < kRequests; ++i) all += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  client.Send(all);
  size_t read = 0;
  while (read < kRequests * kAnswer) {
    const std::string some = client.Some();
    ASSERT_FALSE(some.empty());
    read += some.size();
    ASSERT_LT(made.load(), read + kAllowed);
  }
}

TEST_F(HostileTest, AnswersThatAreNotTakenKeepMoreFromBeingMade) {
  constexpr size_t kAnswer = 4 << 20;
  ServerOptions options;
  options.max_answer_memory = 1 << 20;
  std::atomic<int> made{0};
  Serve(options, [&](Request r, std::unique_ptr<ResponseWriter> w) {
    if (r.path == "/small") return w->Send(200, {}, "fine");
    ++made;
    w->Send(200, {}, std::string(kAnswer, 'x'));
  });
  const std::string no_window = Frame(4, 0, 0, absl::string_view("\0\4\0\0\0\0", 6));
  RawClient client(server_->port());
  client.Send(kHello + no_window);
  for (uint32_t id = 1; id < 120; id += 2) {
    client.Send(Frame(1, kEndStream | kEndHeaders, id, Head("GET", "/")));
    // The answer to a ping comes after what was made of the requests before it.
    client.Send(Frame(6, 0, 0, absl::StrCat("p", 1000 + id, "...")));
    client.Until(absl::StrCat("p", 1000 + id, "..."));
  }
  EXPECT_LT(made.load(), 20);
  RawClient other(server_->port());
  other.Send(kHello + Frame(1, kEndStream | kEndHeaders, 1, Head("GET", "/small")));
  EXPECT_TRUE(absl::StrContains(other.Until("fine"), "fine"));
}

TEST_F(HostileTest, BodiesThatDoNotComeAre504) {
  ServerOptions options;
  options.body_timeout = absl::Milliseconds(50);
  ServeOk(options);
  RawClient one(server_->port());
  one.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
  EXPECT_TRUE(absl::StrContains(one.Until("in time"), "504 Gateway Timeout"));
  RawClient two(server_->port());
  two.Send(kHello + Frame(1, kEndHeaders, 1, Head("POST", "/")) + Frame(0, 0, 1, "abc"));
  EXPECT_TRUE(absl::StrContains(two.Until("in time"), "the request body did not come in time"));
  ExpectOthersAreServed();
}

TEST_F(HostileTest, HeadsThatDoNotEndCloseTheConnection) {
  ServerOptions options;
  options.header_timeout = absl::Milliseconds(50);
  ServeOk(options);
  RawClient one(server_->port());
  one.Send("GET / HTTP/1.1\r\nHost: x\r\n");
  EXPECT_EQ(one.Some(), "");
  RawClient two(server_->port());
  two.Send(kHello + Frame(1, 0, 1, Head("GET", "/")));
  while (!two.Some().empty()) {}
}

TEST_F(HostileTest, HeadsThatUnpackToMuchAreResetAndOthersServed) {
  ServerOptions options;
  options.max_request_memory = 1 << 20;
  ServeOk(options);
  RawClient client(server_->port());
  client.Send(kHello);
  // A field of the dynamic table (index 62), named again and again by a byte.
  const std::string once = absl::StrCat("\x40\1x\x7e", std::string(126, 'y'));
  std::string all;
  for (uint32_t id = 1; id < 200; id += 2) all += Frame(1, kEndHeaders, id, Head("POST", "/") + (id == 1 ? once : "") + std::string(4000, '\xbe'));
  client.Send(all);
  const std::string reset = Frame(3, 0, 199, "").substr(3);
  EXPECT_TRUE(absl::StrContains(client.Until(reset), reset));
  ExpectOthersAreServed();
}

TEST_F(HostileTest, HeadsBeyondTheLimitAre431InBothProtocols) {
  ServerOptions options;
  options.max_header_bytes = 10000;
  ServeOk(options);
  RawClient one(server_->port());
  one.Send(absl::StrCat("GET / HTTP/1.1\r\nHost: x\r\nX-A: ", std::string(20000, 'a'), "\r\n\r\n"));
  EXPECT_TRUE(absl::StrContains(one.Until("Too Large"), "431 Request Header Fields Too Large"));
  RawClient two(server_->port());
  std::string block = Head("GET", "/");
  while (block.size() < 12000) block += Field("x-a", std::string(100, 'a'));
  two.Send(kHello + Frame(1, kEndStream | kEndHeaders, 1, block));
  EXPECT_TRUE(absl::StrContains(two.Until("Too Large"), "HTTP Error 431"));
  two.Send(Frame(1, kEndStream | kEndHeaders, 3, Head("GET", "/")));
  EXPECT_TRUE(absl::StrContains(two.Until("fine"), "fine"));  // the connection goes on
}

TEST_F(HostileTest, AFieldTooLongToKeepIs431AndEndsNobody) {
  ServeOk({});
  for (const char* field : {"Authorization: Bearer ", "X-", ""}) {
    RawClient client(server_->port());
    client.Send(absl::StrCat("GET / HTTP/1.1\r\nHost: x\r\n", field, std::string(200000, 'a'), ": b\r\n\r\n"));
    EXPECT_TRUE(absl::StrContains(client.Until("Too Large"), "431 Request Header Fields Too Large")) << field;
  }
  ExpectOthersAreServed();
}

TEST_F(HostileTest, BodiesThatFillTheMemoryAre429) {
  ServerOptions options;
  options.max_request_memory = 200000;
  ServeOk(options);
  RawClient first(server_->port()), second(server_->port());
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n";
  // One of them goes beyond; whose bytes come last.
  first.Send(head + std::string(150000, 'a'));
  second.Send(head + std::string(250000, 'a'));
  EXPECT_TRUE(absl::StrContains(second.Until("try again"), "429 Too Many Requests"));
  ExpectOthersAreServed();
}

}  // namespace
}  // namespace base::http
