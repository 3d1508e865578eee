// The server and the client against each other over loopback, plain TCP and TLS.
#include "base/http/server.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/http/client.h"
#include "base/http/websocket.h"
#include "unit/base/http/self_signed.h"

namespace base::http {
namespace {

class ServerTest : public testing::TestWithParam<bool> {  // whether TLS is spoken
 protected:
  void Serve(Handler handler, size_t max_body = 1000, ServerOptions options = {}) {
    if (GetParam()) {
      const Pem pem = SelfSigned();
      options.cert_pem = pem.cert;
      options.key_pem = pem.key;
    }
    options.addresses = {"127.0.0.1:0"};
    options.max_body_bytes = max_body;
    auto server = Server::Create(options, std::move(handler));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
    ClientOptions client;
    client.tls = GetParam();
    client_ = *Client::Create(client);
  }
  absl::StatusOr<Client::Response> Fetch(std::string method, std::string target, std::string body = "") {
    ClientRequest request;
    request.host = "127.0.0.1";
    request.port = server_->port();
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    return client_->Fetch(std::move(request), absl::Seconds(20));
  }

  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

TEST_P(ServerTest, AnswersWithWhatTheHandlerSaw) {
  Serve([](Request r, std::unique_ptr<ResponseWriter> w) {
    w->Send(201, {{"x-path", r.path}}, absl::StrCat(r.method, " ", r.query, " ", r.body));
  });
  const auto got = Fetch("POST", "/a%20b?c=d", "hello");
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->status, 201);
  EXPECT_EQ(FindHeader(got->headers, "X-Path"), "/a b");
  EXPECT_EQ(got->body, "POST c=d hello");
}

TEST_P(ServerTest, StreamsChunksAndProducers) {
  Serve([](Request r, std::unique_ptr<ResponseWriter> w) {
    w->Start(200, {});
    if (r.path == "/push") {
      for (int i = 0; i < 3; ++i) w->Write(absl::StrCat(i, ","));
      return w->Finish();
    }
    auto left = std::make_shared<int>(40);
    w->Stream([left](std::string* chunk) {
      *chunk = std::string(50000, 'x');
      return --*left > 0;
    });
  });
  EXPECT_EQ(Fetch("GET", "/push")->body, "0,1,2,");
  EXPECT_EQ(Fetch("GET", "/pull")->body.size(), 2000000u);
}

TEST_P(ServerTest, WritesOfOtherThreadsArriveWholeAndInOrder) {
  std::promise<std::thread> writing;
  Serve([&](Request, std::unique_ptr<ResponseWriter> w) {
    writing.set_value(std::thread([w = std::move(w)] {
      w->Start(200, {});
      for (int i = 0; i < 2000; ++i) w->Write(absl::StrCat(i, ",", std::string(static_cast<size_t>(i % 300), 'x'), ";"));
      w->Finish();
    }));
  });
  const auto got = Fetch("GET", "/");
  writing.get_future().get().join();
  ASSERT_TRUE(got.ok()) << got.status();
  std::string want;
  for (int i = 0; i < 2000; ++i) absl::StrAppend(&want, i, ",", std::string(static_cast<size_t>(i % 300), 'x'), ";");
  EXPECT_EQ(got->body, want);
}

TEST_P(ServerTest, WritesBeforeAProducerComeFirst) {
  Serve([](Request, std::unique_ptr<ResponseWriter> w) {
    w->Start(200, {});
    w->Write(std::string("head,"));
    auto left = std::make_shared<int>(3);
    w->Stream([left](std::string* chunk) {
      *chunk = absl::StrCat(*left, ",");
      return --*left > 0;
    });
  });
  EXPECT_EQ(Fetch("GET", "/")->body, "head,3,2,1,");
}

TEST_P(ServerTest, WhatIsTakenAtOnceDoesNotReachTheHandler) {
  ServerOptions options;
  options.at_once = [](Request& r, std::unique_ptr<ResponseWriter>& w) {
    if (r.path != "/quick") return false;
    const std::shared_ptr<ResponseWriter> kept = std::move(w);
    kept->Post([kept] { kept->Send(200, {}, "at once"); });
    return true;
  };
  Serve([](Request r, std::unique_ptr<ResponseWriter> w) { w->Send(200, {}, "handler of " + r.path); }, 1000, options);
  EXPECT_EQ(Fetch("GET", "/quick")->body, "at once");
  EXPECT_EQ(Fetch("GET", "/slow")->body, "handler of /slow");
}

TEST_P(ServerTest, AClientThatStopsReadingHoldsOnlySomeOfAProducersBytes) {
  std::atomic<int> made{0};
  Serve([&](Request, std::unique_ptr<ResponseWriter> w) {
    w->Start(200, {});
    w->Stream([&made](std::string* chunk) {
      *chunk = std::string(100000, 'x');
      return ++made < 1000;
    });
  });
  ClientRequest request;
  request.host = "127.0.0.1";
  request.port = server_->port();
  std::mutex mu;
  std::condition_variable wake;
  size_t got = 0;
  bool done = false;
  std::unique_ptr<ClientCall> call;
  ResponseSink sink;
  sink.on_body = [&](absl::string_view data) {
    const std::lock_guard lock(mu);
    if (got == 0 && call != nullptr) call->Pause();
    got += data.size();
    wake.notify_all();
  };
  sink.on_done = [&](absl::Status) {
    const std::lock_guard lock(mu);
    done = true;
    wake.notify_all();
  };
  {
    const std::lock_guard lock(mu);
    call = client_->Start(request, std::move(sink));
  }
  std::unique_lock lock(mu);
  wake.wait(lock, [&] { return got > 0; });
  lock.unlock();
  for (int last = -1; last != made; std::this_thread::yield()) {  // until the producer stands still
    last = made;
    for (int i = 0; i < 2000 && last == made; ++i) std::this_thread::yield();
  }
  EXPECT_LT(made, 1000);
  call->Resume();
  lock.lock();
  wake.wait(lock, [&] { return done; });
  EXPECT_EQ(got, 100000000u);
}

TEST_P(ServerTest, BodiesBeyondTheLimitAre413) {
  Serve([](Request, std::unique_ptr<ResponseWriter> w) { w->Send(200, {}, ""); });
  EXPECT_EQ(Fetch("POST", "/", std::string(1000, 'x'))->status, 200);
  EXPECT_EQ(Fetch("POST", "/", std::string(1001, 'x'))->status, 413);
}

TEST_P(ServerTest, AFieldTooLongToKeepFailsTheCallAndNothingElse) {
  Serve([](Request r, std::unique_ptr<ResponseWriter> w) {
    w->Send(200, {{"x-a", std::string(r.path == "/long" ? 70000 : 7, 'a')}}, "fine");
  });
  EXPECT_FALSE(Fetch("GET", "/long").ok());
  EXPECT_TRUE(Fetch("GET", "/short").ok());
}

TEST_P(ServerTest, AWriterThatIsDroppedAnswers500) {
  Serve([](Request, std::unique_ptr<ResponseWriter>) {});
  EXPECT_EQ(Fetch("GET", "/")->status, 500);
}

TEST_P(ServerTest, OnCloseTellsWhenTheClientLeaves) {
  std::mutex mu;
  std::condition_variable wake;
  bool started = false, closed = false;
  std::unique_ptr<ResponseWriter> kept;
  Serve([&](Request, std::unique_ptr<ResponseWriter> w) {
    const std::lock_guard lock(mu);
    w->OnClose([&] {
      const std::lock_guard inner(mu);
      closed = true;
      wake.notify_all();
    });
    w->Start(200, {});
    w->Write(std::string("first"));
    kept = std::move(w);
  });
  ClientRequest request;
  request.host = "127.0.0.1";
  request.port = server_->port();
  ResponseSink sink;
  sink.on_body = [&](absl::string_view) {
    const std::lock_guard lock(mu);
    started = true;
    wake.notify_all();
  };
  const auto call = client_->Start(request, std::move(sink));
  std::unique_lock lock(mu);
  wake.wait(lock, [&] { return started; });
  lock.unlock();
  call->Cancel();
  lock.lock();
  wake.wait(lock, [&] { return closed; });
  EXPECT_EQ(kept->Write(std::string("late")), -1);
}

TEST_P(ServerTest, WebSocketsEcho) {
  std::mutex mu;
  std::condition_variable wake;
  std::unique_ptr<WebSocket> served, dialed;
  std::string got;
  Serve([&](Request r, std::unique_ptr<ResponseWriter> w) {
    auto ws = AcceptWebSocket(r, *w, {"v5.channel.k8s.io"});
    ASSERT_TRUE(ws.ok()) << ws.status();
    const std::lock_guard lock(mu);
    served = std::move(*ws);
    served->Read([&](WsOpcode op, std::string text) { served->Send(op, "echo " + text); }, [] {});
  });
  ClientRequest request;
  request.host = "127.0.0.1";
  request.port = server_->port();
  request.headers = {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"},
                     {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                     {"Sec-WebSocket-Protocol", "v5.channel.k8s.io, v4.channel.k8s.io"}};
  ResponseSink sink;
  sink.on_upgrade = [&](const ResponseHead& head, std::unique_ptr<ByteStream> stream) {
    const std::lock_guard lock(mu);
    dialed = std::make_unique<WebSocket>(std::move(stream), true,
                                         std::string(FindHeader(head.headers, "sec-websocket-protocol")));
    dialed->Read(
        [&](WsOpcode, std::string text) {
          const std::lock_guard inner(mu);
          got = text;
          wake.notify_all();
        },
        [] {});
    dialed->Send(WsOpcode::kBinary, "hi");
  };
  const auto call = client_->Start(request, std::move(sink));
  std::unique_lock lock(mu);
  wake.wait(lock, [&] { return !got.empty(); });
  EXPECT_EQ(got, "echo hi");
  EXPECT_EQ(dialed->protocol(), "v5.channel.k8s.io");
  lock.unlock();
  dialed.reset();
  server_->Stop();
  served.reset();
}

INSTANTIATE_TEST_SUITE_P(PlainAndTls, ServerTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& info) { return info.param ? "Tls" : "Plain"; });

}  // namespace
}  // namespace base::http
