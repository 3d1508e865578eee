// Both ends of a session over a pair of sockets, moved by hand.
#include "base/http/tls_session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http/tls_context.h"
#include "unit/base/http/self_signed.h"

namespace base::http {
namespace {

class TlsSessionTest : public testing::Test {
 protected:
  TlsSessionTest() {
    const Pem pem = SelfSigned();
    TlsFiles server;
    server.cert_pem = pem.cert;
    server.key_pem = pem.key;
    TlsFiles client;
    client.server = false;
    client.alpn = "h2";
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds_), 0);
    server_ = std::make_unique<TlsSession>(*MakeTlsContext(server), fds_[0], true);
    client_ = std::make_unique<TlsSession>(*MakeTlsContext(client), fds_[1], false);
  }
  ~TlsSessionTest() override {
    close(fds_[0]);
    close(fds_[1]);
  }
  void Send(int from, std::string* out) {
    ASSERT_EQ(write(fds_[from], out->data(), out->size()), static_cast<ssize_t>(out->size()));
    out->clear();
  }
  void Handshake() {
    std::string out;
    bool client_done = false, server_done = false;
    for (int i = 0; i < 10 && !(client_done && server_done); ++i) {
      if (!client_done) client_done = client_->Handshake(&out) == TlsSession::Step::kDone;
      Send(1, &out);
      if (!server_done) server_done = server_->Handshake(&out) == TlsSession::Step::kDone;
      Send(0, &out);
    }
    ASSERT_TRUE(client_done && server_done) << client_->problem() << server_->problem();
  }

  int fds_[2];
  std::unique_ptr<TlsSession> server_, client_;
};

TEST_F(TlsSessionTest, ABatchOfRecordsComesOutAsItWentIn) {
  Handshake();
  std::string out, got, text(100000, 'x');
  ASSERT_TRUE(client_->Write(text, &out));
  ASSERT_TRUE(client_->Write("end", &out));
  Send(1, &out);
  char buffer[70000];
  TlsSession::Step step;
  size_t n = 0;
  while ((step = server_->Read(buffer, sizeof buffer, &n, &out)) == TlsSession::Step::kDone) got.append(buffer, n);
  EXPECT_EQ(step, TlsSession::Step::kWait);
  EXPECT_EQ(got, text + "end");
  EXPECT_FALSE(server_->pending());
  client_->Shutdown(&out);
  Send(1, &out);
  EXPECT_EQ(server_->Read(buffer, sizeof buffer, &n, &out), TlsSession::Step::kEnd);
}

TEST_F(TlsSessionTest, ErrorsThatOthersLeftOnTheThreadEndNothing) {
  Handshake();
  std::string out;
  char buffer[100];
  size_t n = 0;
  ERR_raise(ERR_LIB_USER, 1);  // as a signature that does not verify does
  EXPECT_EQ(server_->Read(buffer, sizeof buffer, &n, &out), TlsSession::Step::kWait) << server_->problem();
}

TEST_F(TlsSessionTest, GarbageIsAnEnd) {
  std::string out = "GET / HTTP/1.1\r\n\r\n";
  Send(1, &out);
  EXPECT_EQ(server_->Handshake(&out), TlsSession::Step::kEnd);
  EXPECT_FALSE(server_->problem().empty());
}

}  // namespace
}  // namespace base::http
