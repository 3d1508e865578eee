#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "base/http/client.h"
#include "base/http/exchange.h"
#include "base/http/long_fields.h"
#include "base/status_macros.h"

namespace base::http {
namespace {

namespace beast = boost::beast;
using Parser = beast::http::response_parser<beast::http::buffer_body>;

// One request on one connection. Lives until on_done or the upgrade.
class Call final : public std::enable_shared_from_this<Call> {
 public:
  Call(ClientRequest request, ResponseSink sink) : request_(std::move(request)), sink_(std::move(sink)) {
    parser_.emplace();
    parser_->eager(true);
    parser_->body_limit(boost::none);
    parser_->header_limit(1 << 20);
    if (request_.method == "HEAD") parser_->skip(true);
  }

  void Connected(absl::StatusOr<std::shared_ptr<Transport>> transport) {
    if (!transport.ok()) return Done(transport.status());
    {
      const std::lock_guard lock(mu_);
      transport_ = *transport;
    }
    if (cancelled_) {
      transport_->Abort();
      return Done(absl::CancelledError("cancelled"));
    }
    const bool v6 = absl::StrContains(request_.host, ':');
    std::string head = absl::StrCat(request_.method, " ", request_.target, " HTTP/1.1\r\nHost: ", v6 ? "[" : "",
                                    request_.host, v6 ? "]" : "", ":", request_.port, "\r\n");
    bool upgrade = false;
    for (const Header& h : request_.headers) {
      upgrade |= absl::EqualsIgnoreCase(h.name, "upgrade");
      absl::StrAppend(&head, h.name, ": ", h.value, "\r\n");
    }
    if (!upgrade) absl::StrAppend(&head, "Connection: close\r\n");
    if (!request_.body.empty() || request_.method == "POST" || request_.method == "PUT") {
      absl::StrAppend(&head, "Content-Length: ", request_.body.size(), "\r\n");
    }
    head += "\r\n";
    transport_->on_data = [self = shared_from_this()](absl::string_view data) { self->OnData(data); };
    transport_->on_close = [self = shared_from_this()] { self->OnClosed(); };
    transport_->Write(MakeChunk(std::move(head)));
    if (!request_.body.empty()) transport_->Write(MakeChunk(std::move(request_.body)));
    if (paused_) transport_->Pause();
    if (request_.timeout != absl::InfiniteDuration()) {
      give_up_ = absl::Now() + request_.timeout;
      transport_->SetDeadline(request_.timeout);
    }
  }

  void Cancel() {
    cancelled_ = true;
    WithTransport([](Transport& t) { t.Abort(); });
  }
  void Pause() {
    paused_ = true;
    WithTransport([](Transport& t) { t.Pause(); });
  }
  void Resume() {
    paused_ = false;
    WithTransport([](Transport& t) { t.Resume(); });
  }

 private:
  template <typename F>
  void WithTransport(F f) {
    std::shared_ptr<Transport> t;
    {
      const std::lock_guard lock(mu_);
      t = transport_;
    }
    if (t != nullptr) t->Post([t, f] { f(*t); });
  }

  void OnData(absl::string_view data) {
    inbox_.append(data.data(), data.size());
    while (!inbox_.empty() && !done_) {
      char out[16 << 10];
      if (parser_->is_header_done()) {
        parser_->get().body().data = out;
        parser_->get().body().size = sizeof(out);
        parser_->get().body().more = true;
      }
      const bool had_head = parser_->is_header_done();
      beast::error_code ec;
      if (!had_head) parser_->eager(false);  // the head by itself: its fields decide what follows
      const size_t used = PutInto(*parser_, boost::asio::buffer(inbox_), ec, beast::http::error::header_limit);
      inbox_.erase(0, used);
      if (ec == beast::http::error::need_buffer) ec = {};
      if (ec == beast::http::error::need_more) {
        Deliver(out, had_head);
        return;
      }
      if (ec) return Done(absl::UnavailableError(absl::StrCat("malformed HTTP response: ", ec.message())));
      if (!had_head && parser_->is_header_done()) {
        if (!OnHead()) return;
        parser_->eager(true);
        if (parser_->is_done()) break;
        continue;
      }
      Deliver(out, had_head);
      if (parser_->is_done()) break;
    }
    if (parser_->is_done() && !done_) {
      Done(absl::OkStatus());
      transport_->Close();
    }
  }

  void Deliver(const char* out, bool had_head) {
    if (!had_head) return;
    const size_t left = parser_->get().body().size;
    const size_t n = (16u << 10) - left;
    if (n > 0 && n <= (16u << 10) && sink_.on_body) sink_.on_body(absl::string_view(out, n));
  }

  // False: the call is over for this object (upgrade), or the head was an interim one.
  bool OnHead() {
    ResponseHead head;
    head.status = parser_->get().result_int();
    for (const auto& field : parser_->get()) {
      std::string name(field.name_string());
      for (char& c : name) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c + 32) : c;
      head.headers.push_back({std::move(name), std::string(field.value())});
    }
    if (head.status == 101 && sink_.on_upgrade) {
      done_ = true;
      auto transport = transport_;
      transport->SetDeadline(absl::ZeroDuration());
      transport->on_data = nullptr;
      transport->on_close = nullptr;
      transport->Pause();
      sink_.on_upgrade(head, MakeByteStream(transport, std::move(inbox_)));
      sink_ = {};
      return false;
    }
    if (head.status == 100) {
      parser_.emplace();
      parser_->eager(true);
      parser_->body_limit(boost::none);
      return true;
    }
    if (sink_.on_head) sink_.on_head(head);
    return true;
  }

  void OnClosed() {
    if (done_) return;
    if (cancelled_) return Done(absl::CancelledError("cancelled"));
    if (absl::Now() >= give_up_) return Done(absl::DeadlineExceededError("context deadline exceeded"));
    beast::error_code ec;
    if (parser_->is_header_done()) {
      parser_->put_eof(ec);
      if (!ec && parser_->is_done()) return Done(absl::OkStatus());
    }
    Done(absl::UnavailableError(parser_->is_header_done() ? "unexpected EOF" : "EOF before the response"));
  }

  void Done(absl::Status status) {
    if (done_) return;
    done_ = true;
    ResponseSink sink = std::move(sink_);
    sink_ = {};
    if (sink.on_done) sink.on_done(std::move(status));
  }

  ClientRequest request_;
  ResponseSink sink_;
  std::mutex mu_;
  std::shared_ptr<Transport> transport_;  // set once, under mu_
  std::optional<Parser> parser_;
  std::string inbox_;
  std::atomic<bool> cancelled_{false}, paused_{false};
  absl::Time give_up_ = absl::InfiniteFuture();
  bool done_ = false;
};

class CallHandle final : public ClientCall {
 public:
  explicit CallHandle(std::shared_ptr<Call> call) : call_(std::move(call)) {}
  void Cancel() override { call_->Cancel(); }
  void Pause() override { call_->Pause(); }
  void Resume() override { call_->Resume(); }

 private:
  const std::shared_ptr<Call> call_;
};

class ClientImpl final : public Client {
 public:
  explicit ClientImpl(ClientOptions options) : options_(std::move(options)), engine_(IoEngine::Create(1)) {}

  absl::Status Init() {
    if (!options_.tls) return absl::OkStatus();
    return engine_->UseTls({options_.cert_file, options_.key_file, "", "", options_.ca_file, /*server=*/false,
                            /*verify_peer=*/!options_.ca_file.empty()});
  }

  std::unique_ptr<ClientCall> Start(ClientRequest request, ResponseSink sink) override {
    const std::string host = request.host;
    std::shared_ptr<const ClientTls> tls = request.tls;
    if (tls == nullptr && options_.tls) tls = engine_->client_tls();
    const int port = request.port;
    auto call = std::make_shared<Call>(std::move(request), std::move(sink));
    engine_->Dial(host, port, std::move(tls), options_.connect_timeout,
                  [call](absl::StatusOr<std::shared_ptr<Transport>> t) { call->Connected(std::move(t)); });
    return std::make_unique<CallHandle>(std::move(call));
  }

 private:
  const ClientOptions options_;
  const std::unique_ptr<IoEngine> engine_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  auto client = std::make_unique<ClientImpl>(std::move(options));
  RETURN_IF_ERROR(client->Init());
  return client;
}

absl::StatusOr<Client::Response> Client::Fetch(ClientRequest request, absl::Duration timeout, size_t max_body_bytes) {
  struct State {
    std::mutex mu;
    std::condition_variable wake;
    Response response;
    absl::Status status;
    bool done = false;
  };
  auto state = std::make_shared<State>();
  ResponseSink sink;
  sink.on_head = [state](const ResponseHead& head) {
    const std::lock_guard lock(state->mu);
    state->response.status = head.status;
    state->response.headers = head.headers;
  };
  sink.on_body = [state, max_body_bytes](absl::string_view data) {
    const std::lock_guard lock(state->mu);
    if (state->response.body.size() + data.size() <= max_body_bytes) state->response.body.append(data.data(), data.size());
  };
  sink.on_done = [state](absl::Status status) {
    const std::lock_guard lock(state->mu);
    state->status = std::move(status);
    state->done = true;
    state->wake.notify_all();
  };
  const std::unique_ptr<ClientCall> call = Start(std::move(request), std::move(sink));
  std::unique_lock lock(state->mu);
  if (!state->wake.wait_for(lock, absl::ToChronoNanoseconds(timeout), [&] { return state->done; })) {
    lock.unlock();
    call->Cancel();
    return absl::DeadlineExceededError("no complete response in time");
  }
  RETURN_IF_ERROR(state->status);
  return std::move(state->response);
}

}  // namespace base::http
