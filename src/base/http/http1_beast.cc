// HTTP/1.1 sessions: Beast parses, everything else is here.
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "absl/strings/match.h"
#include "base/http/exchange.h"
#include "base/http/head_rules.h"
#include "base/http/long_fields.h"

namespace base::http {
namespace {

namespace beast = boost::beast;
using Parser = beast::http::request_parser<beast::http::string_body>;

constexpr size_t kMaxDropped = 64 << 20;  // of a refused body, before the connection is cut
constexpr absl::Duration kDropTime = absl::Seconds(10);
constexpr size_t kMaxPipelined = 64 << 10;  // bytes read ahead while a request is being answered
constexpr int64_t kMaxUnread = 256 << 10;   // of answers, before the next request of a pipeline is looked at

class Http1Session final : public Session, public std::enable_shared_from_this<Http1Session> {
 public:
  Http1Session(ServerCore& core, std::shared_ptr<Transport> transport)
      : core_(core), transport_(std::move(transport)), held_(core.requests) {}

  void Start(absl::string_view initial) {
    NewParser();
    transport_->SetDeadline(core_.options.header_timeout);
    transport_->on_data = [self = shared_from_this()](absl::string_view data) { self->OnData(data); };
    transport_->on_close = [self = shared_from_this()] { self->OnClosed(); };
    transport_->on_drain = [self = shared_from_this()] { self->OnDrained(); };
    transport_->on_deadline = [self = shared_from_this()] { self->OnDeadline(); };
    if (!initial.empty()) OnData(initial);
  }

  void Drain() override {
    keep_alive_ = false;
    draining_ = true;
    if (current_ == nullptr) transport_->Close();
  }

 private:
  class Http1Exchange;

  void NewParser() {
    parser_.emplace();
    parser_->eager(true);
    parser_->header_limit(static_cast<uint32_t>(core_.options.max_header_bytes));
    parser_->body_limit(core_.options.max_body_bytes);
    continued_ = checked_ = false;
    taken_ = 0;
    held_.Resize(static_cast<int64_t>(inbox_.size()));
  }

  void OnData(absl::string_view data) {
    if (dropping_) {
      dropped_ += data.size();
      if (dropped_ > kMaxDropped) transport_->Close();
      return;
    }
    inbox_.append(data.data(), data.size());
    if (current_ == nullptr && !unread_) return Parse();
    if (inbox_.size() > kMaxPipelined) transport_->Pause();
  }

  void Parse() {
    while (!inbox_.empty() && !parser_->is_done()) {
      beast::error_code ec;
      const size_t used = PutInto(*parser_, boost::asio::buffer(inbox_), ec, beast::http::error::header_limit);
      inbox_.erase(0, used);
      taken_ += used;
      if (ec == beast::http::error::need_more) break;
      if (ec) return Refuse(ec);
      if (used == 0) break;
    }
    if (!held_.Resize(static_cast<int64_t>(inbox_.size() + taken_))) return RefuseFor(ServerCore::Refusal::kNoMemory);
    if (parser_->is_header_done() && !checked_) {
      checked_ = true;
      if (const HeadRefusal refusal = Check(); refusal.status != 0) return RefuseHead(refusal);
    }
    if (parser_->is_header_done() && !parser_->is_done() && !continued_) {
      continued_ = true;
      transport_->SetDeadline(core_.options.body_timeout);
      if (absl::EqualsIgnoreCase(ToView(parser_->get()[beast::http::field::expect]), "100-continue")) {
        transport_->Write(MakeChunk("HTTP/1.1 100 Continue\r\n\r\n"));
      }
    }
    if (parser_->is_done()) Dispatch();
  }

  static absl::string_view ToView(beast::string_view s) { return absl::string_view(s.data(), s.size()); }

  Request TakeHead() {
    auto& message = parser_->get();
    Request request;
    request.method = std::string(message.method_string());
    SetTarget(request, ToView(message.target()));
    for (const auto& field : message) {
      std::string name(field.name_string());
      for (char& c : name) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c + 32) : c;
      request.headers.push_back({std::move(name), std::string(field.value())});
    }
    request.tls = transport_->tls;
    request.remote_address = transport_->remote_address;
    request.peer = transport_->peer;
    return request;
  }

  void Dispatch() {
    transport_->SetDeadline(absl::ZeroDuration());
    Request request = TakeHead();
    request.body = std::move(parser_->get().body());
    keep_alive_ = parser_->get().keep_alive() && !draining_;
    BeginExchange(request.method == "HEAD", parser_->get().version() < 11);
    core_.Dispatch(std::move(request), std::static_pointer_cast<Exchange>(current_));
  }

  void Refuse(const beast::error_code& ec) {
    if (ec == beast::http::error::body_limit) return RefuseFor(ServerCore::Refusal::kTooLarge);
    if (ec == beast::http::error::header_limit || ec == beast::http::error::buffer_overflow) return RefuseHead({431, "", ""});
    if (ec == beast::http::error::bad_version) return RefuseHead({505, "unsupported protocol version", ""});
    RefuseHead({400, "", ""});
  }

  HeadRefusal Check() {
    const auto& message = parser_->get();
    std::vector<HeadField> fields;
    for (const auto& field : message) fields.push_back({ToView(field.name_string()), ToView(field.value())});
    return CheckHead(ToView(message.method_string()), ToView(message.target()), static_cast<int>(message.version()), fields);
  }

  void RefuseHead(const HeadRefusal& refusal) {
    keep_alive_ = false;
    inbox_.clear();
    transport_->Write(RefusalText(refusal));
    transport_->Close();
  }

  // For a request that is not here to its end.
  void RefuseFor(ServerCore::Refusal why) {
    transport_->SetDeadline(core_.options.header_timeout);
    keep_alive_ = false;
    inbox_ = std::string();
    const Request head = TakeHead();
    NewParser();  // with nothing of the body
    BeginExchange(false, false);
    // The rest of the body is read and dropped, so that the client gets to see the answer.
    dropping_ = true;
    core_.RefuseBody(head, std::static_pointer_cast<Exchange>(current_), why);
  }

  void OnDeadline() {
    if (current_ != nullptr || dropping_ || !parser_->is_header_done()) return transport_->Abort();
    RefuseFor(ServerCore::Refusal::kTooLate);
  }

  void BeginExchange(bool head_only, bool old);

  void Finished() {
    current_ = nullptr;
    if (dropping_) return transport_->SetDeadline(kDropTime);  // the client closes when it has read the answer
    if (!keep_alive_) return transport_->Close();
    NewParser();
    transport_->SetDeadline(core_.options.idle_timeout);
    unread_ = transport_->queued() > kMaxUnread;
    if (!unread_) Next();
  }

  void Next() {
    transport_->Resume();
    // From the loop, not from here: a long pipeline must not recurse.
    transport_->Post([self = shared_from_this()] {
      if (self->current_ == nullptr) self->Parse();
    });
  }

  void OnClosed();
  void OnDrained();

  ServerCore& core_;
  const std::shared_ptr<Transport> transport_;
  std::optional<Parser> parser_;
  std::string inbox_;
  std::shared_ptr<Http1Exchange> current_;
  MemoryShare held_;  // for the request that is read or answered
  size_t taken_ = 0;  // of it, by the parser
  bool keep_alive_ = true, continued_ = false, checked_ = false, draining_ = false;
  bool unread_ = false;  // the client reads less than it asks for
  bool dropping_ = false;  // the answer is on its way while the rest of a refused body arrives
  size_t dropped_ = 0;
};

class Http1Session::Http1Exchange final : public Exchange {
 public:
  Http1Exchange(std::shared_ptr<Http1Session> session, bool head_only, bool old)
      : Exchange(session->transport_), session_(session), transport_(connection_.get()), head_only_(head_only), old_(old) {}

  int64_t Backlog() const override { return transport_->queued(); }
  bool CanHijack() const override { return true; }
  std::shared_ptr<Transport> transport() const override { return connection_; }

  void Begin(int status, Headers headers) override {
    if (ended_) return;
    const auto session = session_.lock();
    if (session == nullptr) return;
    std::string head = absl::StrCat("HTTP/1.1 ", status, " ", ReasonPhrase(status), "\r\n");
    bool has_length = false;
    for (const Header& h : headers) {
      if (absl::EqualsIgnoreCase(h.name, "content-length")) has_length = true;
      absl::StrAppend(&head, h.name, ": ", h.value, "\r\n");
    }
    absl::StrAppend(&head, "date: ", HttpDate(), "\r\n");
    const bool bodyless = status == 204 || status == 304 || status < 200;
    if (!has_length && !bodyless) {
      if (old_) {
        session->keep_alive_ = false;
      } else {
        chunked_ = true;
        absl::StrAppend(&head, "transfer-encoding: chunked\r\n");
      }
    }
    if (!session->keep_alive_) absl::StrAppend(&head, "connection: close\r\n");
    head += "\r\n";
    transport_->Write(std::move(head));
  }
  void Push(Chunk chunk) override {
    if (ended_ || head_only_) return;
    if (!chunked_) return transport_->Write(std::move(chunk));
    OpenChunk(chunk->size());
    transport_->Write(std::move(chunk));
    CloseChunk();
  }
  // All of them as one chunk of the body.
  void PushAll(std::vector<Chunk>& chunks) override {
    if (ended_ || head_only_) return;
    if (chunked_) {
      size_t size = 0;
      for (const Chunk& chunk : chunks) size += chunk->size();
      OpenChunk(size);
    }
    for (Chunk& chunk : chunks) transport_->Write(std::move(chunk));
    if (chunked_) CloseChunk();
    transport_->Flush();
  }
  void End() override {
    if (ended_) return;
    ended_ = true;
    if (chunked_ && !head_only_) transport_->Write(std::string("0\r\n\r\n"));
    if (const auto session = session_.lock()) session->Finished();
  }
  void Abort() override {
    if (ended_) return;
    ended_ = true;
    transport_->Abort();
  }
  bool Hijack(Headers headers) override {
    const auto session = session_.lock();
    if (session == nullptr || ended_) return false;
    ended_ = true;
    std::string head = "HTTP/1.1 101 Switching Protocols\r\n";
    for (const Header& h : headers) absl::StrAppend(&head, h.name, ": ", h.value, "\r\n");
    head += "\r\n";
    transport_->Write(MakeChunk(std::move(head)));
    // The stream's Read, posted after this, replaces these callbacks.
    auto early = std::make_shared<std::string>(std::move(session->inbox_));
    transport_->Pause();
    transport_->on_drain = nullptr;
    transport_->on_deadline = nullptr;
    transport_->on_close = nullptr;
    transport_->on_data = nullptr;
    session->current_ = nullptr;
    if (!early->empty()) {
      // Bytes the client sent right behind its request: deliver them to whoever reads first.
      transport_->early = std::move(*early);
    }
    return true;
  }

  void ConnectionClosed() {
    ended_ = true;
    on_low = nullptr;
    MarkGone();
  }

 private:
  void OpenChunk(size_t size) { transport_->Write(absl::StrCat(absl::Hex(size), "\r\n")); }
  // At once: some clients hold an event back until the line end behind it has come.
  void CloseChunk() { transport_->Write(std::string("\r\n")); }

  const std::weak_ptr<Http1Session> session_;
  Transport* const transport_;
  const bool head_only_, old_;
  bool chunked_ = false, ended_ = false;
};

void Http1Session::BeginExchange(bool head_only, bool old) {
  current_ = std::make_shared<Http1Exchange>(shared_from_this(), head_only, old);
}

void Http1Session::OnClosed() {
  if (const auto exchange = std::move(current_)) exchange->ConnectionClosed();
  current_ = nullptr;
}

void Http1Session::OnDrained() {
  if (std::exchange(unread_, false)) return Next();
  if (current_ == nullptr) return;
  if (const std::function<void()> low = current_->on_low) low();
}

}  // namespace

std::shared_ptr<Session> StartHttp1(ServerCore& core, std::shared_ptr<Transport> transport, absl::string_view initial) {
  auto session = std::make_shared<Http1Session>(core, std::move(transport));
  session->Start(initial);
  return session;
}

}  // namespace base::http
