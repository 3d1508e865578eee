// Calls against our own server, which speaks HTTP/2 but has no trailers: grpc-status comes with the headers.
#include "base/http/unary_channel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/http/server.h"
#include "unit/base/http/self_signed.h"

namespace base::http {
namespace {

std::string Framed(absl::string_view message) {
  std::string out(1, 0);
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(message.size() >> shift));
  return out.append(message.data(), message.size());
}

class UnaryChannelTest : public testing::TestWithParam<bool> {  // whether TLS is spoken
 protected:
  UnaryChannelTest() : pem_(SelfSigned()), ca_(testing::TempDir() + "unary-ca.pem") {
    EXPECT_TRUE(base::WriteFileAtomic(ca_, pem_.cert, 0600).ok());
  }
  void Serve(Handler handler, int port = 0) {
    server_.reset();
    ServerOptions options;
    options.addresses = {absl::StrCat("127.0.0.1:", port)};
    options.max_body_bytes = 16u << 20;
    if (GetParam()) {
      options.cert_pem = pem_.cert;
      options.key_pem = pem_.key;
    }
    auto server = Server::Create(options, std::move(handler));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }
  void Connect() {
    UnaryChannelOptions options;
    options.host = "127.0.0.1";
    options.port = server_->port();
    options.tls = GetParam();
    options.ca_file = ca_;
    channel_ = *UnaryChannel::Create(options);
  }
  absl::Status Call(absl::string_view request, std::string* response, absl::Duration timeout = absl::Seconds(30)) {
    return channel_->Call("/test.Service/Do", request, timeout, response);
  }
  static void Echo(Request r, std::unique_ptr<ResponseWriter> w) {
    w->Send(200, {{"content-type", "application/grpc"}, {"grpc-status", "0"}}, r.body);
  }

  const Pem pem_;
  const std::string ca_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<UnaryChannel> channel_;
};

TEST_P(UnaryChannelTest, MessagesOfAllSizesGoThereAndBack) {
  Serve([](Request r, std::unique_ptr<ResponseWriter> w) {
    EXPECT_EQ(r.path, "/test.Service/Do");
    EXPECT_EQ(r.header("te"), "trailers");
    EXPECT_EQ(r.header("content-type"), "application/grpc");
    Echo(std::move(r), std::move(w));
  });
  Connect();
  for (const size_t size : {size_t{0}, size_t{1}, size_t{70000}, size_t{10} << 20}) {
    const std::string message(size, 'm');
    std::string response = "old";
    ASSERT_TRUE(Call(message, &response).ok());
    EXPECT_EQ(response, message);
  }
}

TEST_P(UnaryChannelTest, ManyCallersShareOneConnection) {
  std::atomic<int> served{0};
  std::mutex mu;
  std::set<std::string> clients;
  Serve([&](Request r, std::unique_ptr<ResponseWriter> w) {
    {
      const std::lock_guard lock(mu);
      clients.insert(r.remote_address);
    }
    ++served;
    Echo(std::move(r), std::move(w));
  });
  Connect();
  std::vector<std::thread> callers;
  for (int t = 0; t < 16; ++t) {
    callers.emplace_back([this, t] {
      for (int i = 0; i < 50; ++i) {
        std::string response;
        ASSERT_TRUE(Call(absl::StrCat(t, "/", i), &response).ok());
        EXPECT_EQ(response, absl::StrCat(t, "/", i));
      }
    });
  }
  for (std::thread& t : callers) t.join();
  EXPECT_EQ(served, 800);
  EXPECT_EQ(clients.size(), 1u);
}

TEST_P(UnaryChannelTest, WhoDoesNotWaitIsCalledBack) {
  Serve(Echo);
  Connect();
  std::promise<std::string> answered, refused;
  channel_->Start("/test.Service/Do", "hello", absl::Seconds(30), [&](absl::Status status, std::string response) {
    answered.set_value(absl::StrCat(status.ToString(), " ", response));
  });
  EXPECT_EQ(answered.get_future().get(), "OK hello");
  server_.reset();
  channel_->Start("/test.Service/Do", "hello", absl::Seconds(30), [&](absl::Status status, std::string response) {
    refused.set_value(absl::StrCat(absl::StatusCodeToString(status.code()), response));
  });
  EXPECT_EQ(refused.get_future().get(), "UNAVAILABLE");
}

TEST_P(UnaryChannelTest, ErrorsAreTheServers) {
  struct Case { const char *status, *message; absl::Status want; };
  const Case cases[] = {
      {"11", "required revision has been compacted", absl::OutOfRangeError("required revision has been compacted")},
      {"3", "etcdserver: request is too large", absl::InvalidArgumentError("etcdserver: request is too large")},
      {"14", "no%20leader%3a 100%25", absl::UnavailableError("no leader: 100%")},
      {"77", "strange", absl::UnknownError("strange")},
      {"word", "strange", absl::UnknownError("strange")}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.status);
    Serve([&c](Request, std::unique_ptr<ResponseWriter> w) {
      w->Send(200, {{"content-type", "application/grpc"}, {"grpc-status", c.status}, {"grpc-message", c.message}}, "");
    });
    Connect();
    std::string response;
    EXPECT_EQ(Call("x", &response), c.want);
  }
}

TEST_P(UnaryChannelTest, WhatIsNoAnswerIsAnError) {
  struct Case { int status; const char* grpc_status; std::string body; absl::StatusCode want; };
  const Case cases[] = {{503, "", "overloaded", absl::StatusCode::kUnavailable},
                        {200, "", Framed("m"), absl::StatusCode::kUnavailable},
                        {200, "0", "", absl::StatusCode::kInternal},
                        {200, "0", Framed("m") + "more", absl::StatusCode::kInternal},
                        {200, "0", "\x01" + Framed("m").substr(1), absl::StatusCode::kInternal}};
  for (const Case& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.status, " ", c.grpc_status, " ", c.body));
    Serve([&c](Request, std::unique_ptr<ResponseWriter> w) {
      Headers headers;
      if (*c.grpc_status != 0) headers.push_back({"grpc-status", c.grpc_status});
      w->Send(c.status, headers, c.body);
    });
    Connect();
    std::string response;
    EXPECT_EQ(Call("x", &response).code(), c.want);
  }
}

TEST_P(UnaryChannelTest, ALostServerIsUnavailableAndFoundAgain) {
  Serve(Echo);
  Connect();
  const int port = server_->port();
  std::string response;
  ASSERT_TRUE(Call("one", &response).ok());
  server_.reset();
  EXPECT_TRUE(absl::IsUnavailable(Call("two", &response)));
  EXPECT_TRUE(absl::IsUnavailable(Call("two", &response)));
  Serve(Echo, port);
  ASSERT_TRUE(Call("three", &response).ok());
  EXPECT_EQ(response, "three");
}

TEST_P(UnaryChannelTest, WhoDoesNotAnswerInTimeIsLeft) {
  std::mutex mu;
  std::vector<std::unique_ptr<ResponseWriter>> kept;
  Serve([&](Request r, std::unique_ptr<ResponseWriter> w) {
    if (r.body.find("slow") == std::string::npos) return Echo(std::move(r), std::move(w));
    const std::lock_guard lock(mu);
    kept.push_back(std::move(w));
  });
  Connect();
  std::string response;
  EXPECT_TRUE(absl::IsDeadlineExceeded(Call("slow", &response, absl::Milliseconds(50))));
  EXPECT_TRUE(Call("quick", &response).ok());
  const std::lock_guard lock(mu);
  kept.clear();  // writers do not outlive their server
}

INSTANTIATE_TEST_SUITE_P(PlainAndTls, UnaryChannelTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& info) { return info.param ? "Tls" : "Plain"; });

TEST(UnaryChannelTlsTest, AServerOfAnotherAuthorityIsNotTrusted) {
  const Pem pem = SelfSigned();
  ServerOptions options;
  options.addresses = {"127.0.0.1:0"};
  options.cert_pem = pem.cert;
  options.key_pem = pem.key;
  const auto server = Server::Create(options, [](Request, std::unique_ptr<ResponseWriter> w) { w->Send(200, {}, ""); });
  const std::string ca = testing::TempDir() + "unary-other-ca.pem";
  ASSERT_TRUE(base::WriteFileAtomic(ca, SelfSigned().cert, 0600).ok());
  UnaryChannelOptions client;
  client.host = "127.0.0.1";
  client.port = (*server)->port();
  client.ca_file = ca;
  const auto channel = UnaryChannel::Create(client);
  std::string response;
  EXPECT_TRUE(absl::IsUnavailable((*channel)->Call("/a/b", "x", absl::Seconds(30), &response)));
}

}  // namespace
}  // namespace base::http
