#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/http/certificate_words.h"
#include "base/http/rounds.h"
#include "base/http/tls_context.h"
#include "base/http/tls_session.h"
#include "base/http/transport.h"
#include "base/status_macros.h"

namespace base::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int64_t kLowWater = 256 << 10;
constexpr size_t kRecord = 16 << 10;   // plain bytes of a TLS record
constexpr size_t kBurst = 256 << 10;   // bytes handed to the socket by one system call
constexpr size_t kJoined = 8 * kRecord;  // smaller chunks are joined up to this much, for one call of the TLS library
constexpr size_t kReadSize = 64 << 10;
constexpr size_t kMaxUnasked = 1 << 20;  // answers to TLS messages that wait for a client that reads nothing
constexpr absl::Duration kLinger = absl::Seconds(30);  // without progress, of a connection that is to end
// Clients that vanish without a word are noticed after two minutes.
constexpr int kKeepAliveIdle = 60, kKeepAliveInterval = 15, kKeepAliveProbes = 4;  // seconds, seconds, count
constexpr int kFilesKept = 100;  // of the process's limit, for others than clients
constexpr absl::Duration kFirstPause = absl::Milliseconds(5), kLongestPause = absl::Seconds(1);  // of accepting, when it fails

std::string Address(const tcp::endpoint& e) {
  const std::string host = e.address().to_string();
  return e.address().is_v6() ? absl::StrCat("[", host, "]:", e.port()) : absl::StrCat(host, ":", e.port());
}

// Buffers that all connections of an I/O thread use in turn, so that a connection at rest has none.
struct Scratch {
  std::string out;    // what goes to the socket
  std::string plain;  // small chunks on their way into one record
  char in[kReadSize];
};
Scratch& ThreadScratch() {
  static thread_local std::unique_ptr<Scratch> scratch = std::make_unique<Scratch>();
  return *scratch;
}

void KeepAlive(int socket) {
  const auto set = [socket](int level, int option, int value) { (void)setsockopt(socket, level, option, &value, sizeof value); };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveInterval);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

// Clients must not use up the files that the daemon itself needs.
size_t FilesForClients() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  return files.rlim_cur > 2 * kFilesKept ? files.rlim_cur - kFilesKept : files.rlim_cur / 2;
}

// Plain TCP or TLS behind one set of operations: reads when the socket is readable, writes at once and, when the socket
// is full, again when it is writable.
class Connection final : public Transport {
 public:
  Connection(asio::io_context& io, Rounds& rounds, tcp::socket socket, const std::shared_ptr<SSL_CTX>& context,
             bool server)
      : io_(io), rounds_(rounds), timer_(io), socket_(std::move(socket)) {
    error_code ignored;
    socket_.native_non_blocking(true, ignored);
    tls = context != nullptr;
    if (tls) session_ = std::make_unique<TlsSession>(context, socket_.native_handle(), server);
  }

  tcp::socket& socket() { return socket_; }
  SSL* ssl() { return session_->native(); }
  std::shared_ptr<Connection> self() { return std::static_pointer_cast<Connection>(shared_from_this()); }

  void Handshake(std::function<void(absl::Status)> done) {
    if (session_ == nullptr) return done(absl::OkStatus());
    Scratch& scratch = ThreadScratch();
    scratch.out.clear();
    const TlsSession::Step step = session_->Handshake(&scratch.out);
    Send(scratch.out);
    if (step == TlsSession::Step::kEnd) {
      if (session_->plain_http()) {  // in Go's words
        static constexpr absl::string_view kAnswer =
            "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
        (void)::send(socket_.native_handle(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)::recv(socket_.native_handle(), scratch.in, kReadSize, MSG_DONTWAIT);  // unread bytes would reset the connection
      }
      return done(absl::UnavailableError(absl::StrCat("TLS handshake: ", session_->problem())));
    }
    if (step == TlsSession::Step::kWait) {
      return socket_.async_wait(tcp::socket::wait_read, [this, self = self(), done = std::move(done)](const error_code& ec) {
        if (ec || closed_) return done(absl::UnavailableError(absl::StrCat("TLS handshake: ", ec.message())));
        Handshake(done);
      });
    }
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(session_->native(), &name, &size);
    alpn.assign(reinterpret_cast<const char*>(name), size);
    peer = DescribePeer(session_->native());
    done(absl::OkStatus());
  }

  void StartReading() { Receive(); }

  void Post(std::function<void()> task) override {
    asio::post(io_, [self = self(), task = std::move(task)] { task(); });
  }
  void NextRound(std::shared_ptr<RoundTask> task) override { rounds_.Add(std::move(task)); }

  void Write(Chunk chunk) override {
    if (!closed_ && !closing_) Enqueue({std::move(chunk), {}});
  }
  void Write(std::string bytes) override {
    if (!closed_ && !closing_) Enqueue({nullptr, std::move(bytes)});
  }

  void Flush() override {
    flush_posted_ = false;
    if (closed_ || blocked_ || flushing_) return;
    flushing_ = true;
    for (size_t sent = 0; !closed_ && !blocked_ && !queue_.empty();) {
      if (sent > kTurn) {  // others want to be served too
        flush_posted_ = true;
        asio::post(io_, [this, self = self()] {
          if (flush_posted_) Flush();
        });
        break;
      }
      Scratch& scratch = ThreadScratch();
      scratch.out.clear();
      size_t taken = 0;
      if (!Take(&scratch, &taken)) {
        flushing_ = false;
        return Abort();
      }
      in_flight_ = static_cast<int64_t>(taken);
      Send(scratch.out);
      sent += taken;
      if (closed_ || blocked_) break;
      Sent();
    }
    flushing_ = false;
    if (closing_ && !closed_ && !blocked_ && queue_.empty()) Abort();
  }

  void Pause() override { paused_ = true; }
  void Resume() override {
    if (!paused_ || closing_) return;
    paused_ = false;
    if (!reading_) AwaitReadable();
  }
  void Close() override {
    closing_ = paused_ = true;
    if (!blocked_ && queue_.empty()) return Abort();
    on_deadline = nullptr;
    SetDeadline(kLinger);
  }
  void Abort() override {
    if (closed_) return;
    closed_ = true;
    timer_.cancel();
    if (session_ != nullptr && !blocked_) {
      std::string farewell;
      session_->Shutdown(&farewell);
      if (!farewell.empty()) (void)::send(socket_.native_handle(), farewell.data(), farewell.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    queued_ = 0;
    queue_.clear();
    unsent_ = std::string();
    asio::post(io_, [self = self()] {
      std::function<void()> callback = std::move(self->on_close);
      self->on_close = nullptr;
      self->on_deadline = nullptr;
      self->on_data = nullptr;
      self->on_drain = nullptr;
      if (callback) callback();
      if (self->on_gone) std::exchange(self->on_gone, nullptr)();
    });
  }
  // The timer runs at most once at a time: a deadline that moves away is noticed when it fires.
  void SetDeadline(absl::Duration after) override {
    if (closed_) return;
    deadline_ = after <= absl::ZeroDuration() ? Clock::time_point::max() : Clock::now() + absl::ToChronoNanoseconds(after);
    if (deadline_ < armed_) Arm();
  }
  bool closed() const override { return closed_; }

 private:
  using Clock = std::chrono::steady_clock;
  // What is queued: shared between connections, or this one's own.
  struct Piece {
    Chunk shared;
    std::string own;
    absl::string_view bytes() const { return shared != nullptr ? absl::string_view(*shared) : absl::string_view(own); }
  };
  static constexpr size_t kTurn = 2 << 20;
  static constexpr int kReadsInARow = 8;

  void Enqueue(Piece piece) {
    if (piece.bytes().empty()) return;
    queued_ += static_cast<int64_t>(piece.bytes().size());
    queue_.push_back(std::move(piece));
    // Written when the present I/O event is dealt with, so that what one event says leaves in one record.
    if (blocked_ || flush_posted_) return;
    flush_posted_ = true;
    asio::post(io_, [this, self = self()] {
      if (flush_posted_) Flush();
    });
  }

  void Arm() {
    armed_ = deadline_;
    if (armed_ == Clock::time_point::max()) return;
    timer_.expires_at(armed_);
    timer_.async_wait([this, self = self()](const error_code& ec) {
      if (ec || closed_) return;
      if (Clock::now() < deadline_) return Arm();
      deadline_ = armed_ = Clock::time_point::max();
      if (!on_deadline) return Abort();
      const std::function<void()> due = on_deadline;  // it may replace itself
      due();
    });
  }

  void AwaitReadable() {
    if (closed_ || paused_) return;
    reading_ = true;
    socket_.async_wait(tcp::socket::wait_read, [this, self = self()](const error_code& ec) {
      reading_ = false;
      if (closed_) return;
      if (ec) return Abort();
      Receive();
    });
  }

  void Receive() {
    for (int i = 0; i < kReadsInARow; ++i) {
      if (closed_ || paused_) return;
      Scratch& scratch = ThreadScratch();
      size_t got = 0;
      bool more = false;
      if (session_ != nullptr) {
        scratch.out.clear();
        const TlsSession::Step step = session_->Read(scratch.in, kReadSize, &got, &scratch.out);
        if (unsent_.size() > kMaxUnasked && !scratch.out.empty()) return Abort();
        if (!scratch.out.empty()) Send(scratch.out);
        if (closed_) return;
        if (step == TlsSession::Step::kEnd) return Abort();
        if (step == TlsSession::Step::kWait) return AwaitReadable();
        more = session_->pending();
      } else {
        const ssize_t n = ::recv(socket_.native_handle(), scratch.in, kReadSize, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return AwaitReadable();
        if (n <= 0) return Abort();
        got = static_cast<size_t>(n);
        more = got == kReadSize;
      }
      const absl::string_view data(scratch.in, got);
      if (on_data) {
        // A copy of the handler: it may replace itself (an upgrade).
        const std::function<void(absl::string_view)> deliver = on_data;
        deliver(data);
      } else {
        early.append(data.data(), data.size());  // the connection is changing hands
      }
      if (!more) return AwaitReadable();
    }
    asio::post(io_, [this, self = self()] { Receive(); });
  }

  // Moves queued chunks into scratch->out, encrypted, until that is a burst.
  bool Take(Scratch* scratch, size_t* taken) {
    while (!queue_.empty() && scratch->out.size() < kBurst) {
      absl::string_view piece = queue_.front().bytes().substr(offset_);
      const bool alone = piece.size() >= kRecord || queue_.size() == 1;
      if (alone) {
        piece = piece.substr(0, kBurst);
        offset_ += piece.size();
      } else {  // several small ones make a record
        scratch->plain.clear();
        while (!queue_.empty() && scratch->plain.size() < kJoined) {
          const absl::string_view rest = queue_.front().bytes().substr(offset_);
          const absl::string_view some = rest.substr(0, kJoined - scratch->plain.size());
          scratch->plain.append(some.data(), some.size());
          offset_ += some.size();
          if (some.size() == rest.size()) PopFront();
        }
        piece = scratch->plain;
      }
      *taken += piece.size();
      if (session_ == nullptr) {
        scratch->out.append(piece.data(), piece.size());
      } else if (!session_->Write(piece, &scratch->out)) {
        return false;
      }
      if (alone && offset_ == queue_.front().bytes().size()) PopFront();
    }
    return true;
  }
  void PopFront() {
    queue_.pop_front();
    offset_ = 0;
  }

  // Hands bytes to the socket; what it does not take waits in unsent_ until it is writable.
  void Send(absl::string_view bytes) {
    if (!unsent_.empty()) {
      unsent_.append(bytes.data(), bytes.size());
      return;
    }
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n >= 0) {
        bytes.remove_prefix(static_cast<size_t>(n));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        unsent_.assign(bytes.data(), bytes.size());
        blocked_ = true;
        return AwaitWritable();
      } else if (errno != EINTR) {
        return Abort();
      }
    }
  }
  void AwaitWritable() {
    socket_.async_wait(tcp::socket::wait_write, [this, self = self()](const error_code& ec) {
      if (closed_) return;
      if (ec) return Abort();
      blocked_ = false;
      const std::string rest = std::exchange(unsent_, std::string());
      Send(rest);
      if (closed_ || blocked_) return;
      Sent();
      Flush();
    });
  }
  void Sent() {  // what was in flight is with the kernel
    queued_ -= std::exchange(in_flight_, 0);
    if (closing_) SetDeadline(kLinger);
    if (queued_ < kLowWater && on_drain) on_drain();
  }

  asio::io_context& io_;
  Rounds& rounds_;
  asio::steady_timer timer_;
  Clock::time_point deadline_ = Clock::time_point::max(), armed_ = Clock::time_point::max();
  tcp::socket socket_;
  std::unique_ptr<TlsSession> session_;  // nullptr: plain TCP
  std::deque<Piece> queue_;
  size_t offset_ = 0;      // of queue_.front() that is taken
  std::string unsent_;     // not empty only while blocked_
  int64_t in_flight_ = 0;  // plain bytes behind unsent_
  bool reading_ = false, paused_ = false, blocked_ = false, flushing_ = false, flush_posted_ = false;
  bool closing_ = false, closed_ = false;
};

class AsioEngine final : public IoEngine {
 public:
  explicit AsioEngine(int threads) {
    for (int i = 0; i < std::max(threads, 1); ++i) {
      workers_.push_back(std::make_unique<Worker>());
      Worker* w = workers_.back().get();
      w->thread = std::thread([w] { w->io.run(); });
    }
  }
  ~AsioEngine() override { Shutdown(); }

  absl::Status UseTls(const TlsFiles& files) override {
    ASSIGN_OR_RETURN(std::shared_ptr<SSL_CTX> context, MakeTlsContext(files));
    const std::lock_guard lock(mu_);
    context_ = std::move(context);
    verify_ = files.verify_peer;
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Listen(const std::string& address, size_t max_connections,
                                     absl::Duration handshake_timeout,
                                     std::function<void(std::shared_ptr<Transport>)> on_connection,
                                     std::function<void()> on_handshake_error) override {
    const size_t colon = address.rfind(':');
    int port = 0;
    if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port)) {
      return absl::InvalidArgumentError(absl::StrCat("address ", address, " is not HOST:PORT"));
    }
    std::string host = address.substr(0, colon);
    if (host.size() >= 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    if (host.empty()) host = "::";
    error_code ec;
    const asio::ip::address ip = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, ec);
    if (ec) return absl::InvalidArgumentError(absl::StrCat("address ", address, ": ", ec.message()));
    auto listener = std::make_shared<Listener>(workers_[0]->io);
    listener->max_connections = std::min(max_connections, FilesForClients());
    listener->handshake_timeout = handshake_timeout;
    listener->on_connection = std::move(on_connection);
    listener->on_handshake_error = std::move(on_handshake_error);
    tcp::endpoint endpoint(ip, static_cast<uint16_t>(port));
    listener->acceptor.open(endpoint.protocol(), ec);
    if (!ec) listener->acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec && ip.is_v6()) listener->acceptor.set_option(asio::ip::v6_only(false), ec);
    if (!ec) listener->acceptor.bind(endpoint, ec);
    if (!ec) listener->acceptor.listen(1024, ec);
    if (ec) return absl::UnavailableError(absl::StrCat("listening on ", address, ": ", ec.message()));
    const std::string bound = Address(listener->acceptor.local_endpoint(ec));
    const std::lock_guard lock(mu_);
    listeners_.push_back(listener);
    asio::post(workers_[0]->io, [this, listener] { Accept(listener); });
    return bound;
  }

  void StopListening() override {
    std::vector<std::shared_ptr<Listener>> listeners;
    {
      const std::lock_guard lock(mu_);
      listeners.swap(listeners_);
    }
    for (const auto& l : listeners) {
      asio::post(workers_[0]->io, [l] {
        error_code ignored;
        l->pause.cancel();
        l->acceptor.close(ignored);
      });
    }
  }

  std::shared_ptr<const ClientTls> client_tls() override {
    const std::lock_guard lock(mu_);
    return context_ == nullptr ? nullptr : std::make_shared<const ClientTls>(ClientTls{context_, verify_, ""});
  }

  void Dial(const std::string& host, int port, std::shared_ptr<const ClientTls> tls, absl::Duration timeout,
            std::function<void(absl::StatusOr<std::shared_ptr<Transport>>)> done) override {
    Worker& w = NextWorker();
    auto attempt = std::make_shared<DialAttempt>(w.io);
    attempt->done = std::move(done);
    asio::post(w.io, [this, attempt, host, port, timeout, tls = std::move(tls), &w] {
      attempt->timer.expires_after(absl::ToChronoNanoseconds(timeout));
      attempt->timer.async_wait([attempt, host, port](const error_code& ec) {
        if (!ec) attempt->Fail(absl::DeadlineExceededError(absl::StrCat("dial tcp ", host, ":", port, ": i/o timeout")));
      });
      attempt->resolver.async_resolve(host, absl::StrCat(port), [this, attempt, host, port, tls, &w](
                                                                    const error_code& ec, tcp::resolver::results_type results) {
        if (ec) return attempt->Fail(absl::UnavailableError(absl::StrCat("lookup ", host, ": ", ec.message())));
        attempt->endpoints.assign(results.begin(), results.end());
        ConnectNext(attempt, 0, host, port, tls, w);
      });
    });
  }

  void Shutdown() override {
    StopListening();
    for (const auto& w : workers_) {
      asio::post(w->io, [this, worker = w.get()] {
        std::vector<std::shared_ptr<Connection>> live;
        {
          const std::lock_guard lock(mu_);
          for (const auto& weak : worker->connections) {
            if (auto c = weak.lock()) live.push_back(c);
          }
        }
        for (const auto& c : live) c->Abort();
        // One more turn lets the close callbacks run before the loop ends.
        asio::post(worker->io, [worker] { asio::post(worker->io, [worker] { worker->guard.reset(); worker->io.stop(); }); });
      });
    }
    for (const auto& w : workers_) {
      if (w->thread.joinable()) w->thread.join();
    }
  }

 private:
  struct Worker {
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
    asio::steady_timer rest{io};
    Rounds rounds{[this](std::function<void()> task) { asio::post(io, std::move(task)); },
                  [this](absl::Duration wait, std::function<void()> task) {
                    rest.expires_after(absl::ToChronoNanoseconds(wait));
                    rest.async_wait([task = std::move(task)](const error_code& ec) {
                      if (!ec) task();
                    });
                  }};
    std::thread thread;
    std::set<std::weak_ptr<Connection>, std::owner_less<std::weak_ptr<Connection>>> connections;  // under mu_
  };
  struct Listener {
    explicit Listener(asio::io_context& io) : acceptor(io), pause(io) {}
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    absl::Duration next_pause = kFirstPause;
    size_t max_connections = 0;
    absl::Duration handshake_timeout;
    std::function<void(std::shared_ptr<Transport>)> on_connection;
    std::function<void()> on_handshake_error;
  };
  struct DialAttempt {
    explicit DialAttempt(asio::io_context& io) : timer(io), resolver(io) {}
    asio::steady_timer timer;
    tcp::resolver resolver;
    std::vector<tcp::endpoint> endpoints;
    std::shared_ptr<Connection> connection;
    std::function<void(absl::StatusOr<std::shared_ptr<Transport>>)> done;
    void Fail(absl::Status status) {
      if (connection) connection->Abort();
      resolver.cancel();
      Finish(std::move(status));
    }
    void Finish(absl::StatusOr<std::shared_ptr<Transport>> result) {
      if (!done) return;
      error_code ignored;
      timer.cancel(ignored);
      auto callback = std::move(done);
      done = nullptr;
      callback(std::move(result));
    }
  };

  Worker& NextWorker() { return *workers_[next_++ % workers_.size()]; }

  void Accept(const std::shared_ptr<Listener>& listener) {
    Worker& w = NextWorker();
    listener->acceptor.async_accept(w.io, [this, listener, &w](const error_code& ec, tcp::socket socket) {
      if (ec == asio::error::operation_aborted || !listener->acceptor.is_open()) return;
      if (ec && ec != asio::error::connection_aborted) {  // out of files or memory: the same again at once would fail too
        listener->pause.expires_after(absl::ToChronoNanoseconds(listener->next_pause));
        listener->next_pause = std::min(2 * listener->next_pause, kLongestPause);
        return listener->pause.async_wait([this, listener](const error_code&) {
          if (listener->acceptor.is_open()) Accept(listener);
        });
      }
      if (!ec) {
        listener->next_pause = kFirstPause;
        std::shared_ptr<SSL_CTX> context;
        {
          const std::lock_guard lock(mu_);
          context = context_;
        }
        if (live_.load() < listener->max_connections) {
          // The connection's own thread takes it from here.
          auto shared = std::make_shared<tcp::socket>(std::move(socket));
          asio::post(w.io, [this, listener, shared, context, &w] { Serve(listener, std::move(*shared), context, w); });
        }
      }
      Accept(listener);
    });
  }

  std::shared_ptr<Connection> Track(tcp::socket socket, const std::shared_ptr<SSL_CTX>& context, bool server, Worker& w) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    KeepAlive(socket.native_handle());
    const tcp::endpoint remote = socket.remote_endpoint(ignored);
    ++live_;
    auto* raw = new Connection(w.io, w.rounds, std::move(socket), context, server);
    std::shared_ptr<Connection> c(raw, [this](Connection* dead) {
      --live_;
      delete dead;
    });
    c->remote_address = Address(remote);
    const std::lock_guard lock(mu_);
    for (auto it = w.connections.begin(); it != w.connections.end();) {
      if (!it->expired()) break;  // ordered by block address: a cheap partial sweep
      it = w.connections.erase(it);
    }
    if (w.connections.size() > 2 * live_.load() + 64) {
      for (auto it = w.connections.begin(); it != w.connections.end();) {
        it = it->expired() ? w.connections.erase(it) : std::next(it);
      }
    }
    w.connections.insert(c);
    return c;
  }

  void Serve(const std::shared_ptr<Listener>& listener, tcp::socket socket,
             const std::shared_ptr<SSL_CTX>& context, Worker& w) {
    std::shared_ptr<Connection> c = Track(std::move(socket), context, /*server=*/true, w);
    c->SetDeadline(listener->handshake_timeout);
    c->Handshake([c, listener](absl::Status status) {
      if (!status.ok()) {
        if (listener->on_handshake_error != nullptr) listener->on_handshake_error();
        return c->Abort();
      }
      c->SetDeadline(absl::ZeroDuration());
      listener->on_connection(c);
      c->StartReading();
    });
  }

  void ConnectNext(const std::shared_ptr<DialAttempt>& attempt, size_t at, const std::string& host, int port,
                   const std::shared_ptr<const ClientTls>& tls, Worker& w) {
    if (!attempt->done) return;
    auto socket = std::make_shared<tcp::socket>(w.io);
    socket->async_connect(attempt->endpoints[at], [=, this, &w](const error_code& ec) {
      if (!attempt->done) return;
      if (ec) {
        if (at + 1 < attempt->endpoints.size()) return ConnectNext(attempt, at + 1, host, port, tls, w);
        return attempt->Fail(
            absl::UnavailableError(absl::StrCat("dial tcp ", Address(attempt->endpoints[at]), ": connect: ", absl::AsciiStrToLower(ec.message()))));
      }
      std::shared_ptr<Connection> c = Track(std::move(*socket), tls == nullptr ? nullptr : tls->context, /*server=*/false, w);
      attempt->connection = c;
      const std::string name = tls == nullptr || tls->server_name.empty() ? host : tls->server_name;
      if (tls != nullptr) {
        SSL_set_tlsext_host_name(c->ssl(), name.c_str());
        if (tls->verify) {
          X509_VERIFY_PARAM* param = SSL_get0_param(c->ssl());
          if (X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) != 1) X509_VERIFY_PARAM_set1_host(param, name.c_str(), 0);
        }
      }
      c->Handshake([attempt, c, name](absl::Status status) {
        if (!attempt->done) return;
        if (!status.ok()) {
          const std::string distrust = c->tls ? WhyNotTrusted(c->ssl(), name) : "";
          if (!distrust.empty()) status = absl::UnavailableError("tls: failed to verify certificate: " + distrust);
          return attempt->Fail(std::move(status));
        }
        attempt->connection = nullptr;
        attempt->Finish(std::shared_ptr<Transport>(c));
        c->StartReading();
      });
    });
  }

  std::mutex mu_;
  std::shared_ptr<SSL_CTX> context_;
  bool verify_ = false;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::atomic<size_t> live_{0};
  std::atomic<size_t> next_{0};
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

std::unique_ptr<IoEngine> IoEngine::Create(int threads) { return std::make_unique<AsioEngine>(threads); }

}  // namespace base::http
