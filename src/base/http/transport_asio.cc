#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/http/transport.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace base::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int64_t kLowWater = 64 << 10;
constexpr size_t kMergeLimit = 64 << 10;  // small chunks are joined up to this much per write

std::string SslError(absl::string_view what) {
  char text[256] = "unknown error";
  if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof(text));
  ERR_clear_error();
  return absl::StrCat(what, ": ", text);
}

std::string Address(const tcp::endpoint& e) {
  const std::string host = e.address().to_string();
  return e.address().is_v6() ? absl::StrCat("[", host, "]:", e.port()) : absl::StrCat(host, ":", e.port());
}

std::vector<std::string> SubjectEntries(X509_NAME* name, int nid) {
  std::vector<std::string> values;
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0; at = X509_NAME_get_index_by_NID(name, nid, at)) {
    unsigned char* utf8 = nullptr;
    const int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (n >= 0) values.emplace_back(reinterpret_cast<char*>(utf8), n);
    OPENSSL_free(utf8);
  }
  return values;
}

int UidNid() {
  static const int nid = OBJ_create("1.3.6.1.4.1.57683.2", "k8sUID", "kubernetes user uid");
  return nid;
}

std::shared_ptr<const PeerCertificate> DescribePeer(SSL* ssl) {
  X509* cert = SSL_get1_peer_certificate(ssl);
  if (cert == nullptr) return nullptr;
  auto peer = std::make_shared<PeerCertificate>();
  peer->verified = SSL_get_verify_result(ssl) == X509_V_OK;
  X509_NAME* subject = X509_get_subject_name(cert);
  if (std::vector<std::string> cn = SubjectEntries(subject, NID_commonName); !cn.empty()) peer->common_name = cn.back();
  peer->organizations = SubjectEntries(subject, NID_organizationName);
  if (std::vector<std::string> uid = SubjectEntries(subject, UidNid()); !uid.empty()) peer->uid = uid.back();
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(cert, EVP_sha256(), digest, &size) == 1) {
    peer->fingerprint =
        absl::BytesToHexString(absl::string_view(reinterpret_cast<char*>(digest), size));
  }
  X509_free(cert);
  return peer;
}

int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
               void*) {
  static const unsigned char kProtocols[] = "\x02h2\x08http/1.1";
  if (SSL_select_next_proto(const_cast<unsigned char**>(out), out_size, kProtocols, sizeof(kProtocols) - 1, in,
                            in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  return SSL_TLSEXT_ERR_OK;
}

absl::StatusOr<std::shared_ptr<asio::ssl::context>> MakeContext(const TlsFiles& files) {
  auto context = std::make_shared<asio::ssl::context>(files.server ? asio::ssl::context::tls_server
                                                                   : asio::ssl::context::tls_client);
  SSL_CTX* ctx = context->native_handle();
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(ctx, 0);  // resumed sessions would carry old certificates
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  std::string cert = files.cert_pem, key = files.key_pem;
  if (cert.empty() && !files.cert_file.empty()) {
    ASSIGN_OR_RETURN(cert, base::ReadFile(files.cert_file));
    ASSIGN_OR_RETURN(key, base::ReadFile(files.key_file.empty() ? files.cert_file : files.key_file));
  }
  error_code ec;
  if (!cert.empty()) {
    context->use_certificate_chain(asio::buffer(cert), ec);
    if (ec) return absl::InvalidArgumentError(absl::StrCat("loading certificate ", files.cert_file, ": ", ec.message()));
    context->use_private_key(asio::buffer(key), asio::ssl::context::pem, ec);
    if (ec) return absl::InvalidArgumentError(absl::StrCat("loading key ", files.key_file, ": ", ec.message()));
    if (SSL_CTX_check_private_key(ctx) != 1) {
      return absl::InvalidArgumentError(SslError(absl::StrCat("key ", files.key_file, " does not fit its certificate")));
    }
  }
  if (!files.ca_file.empty()) {
    if (SSL_CTX_load_verify_file(ctx, files.ca_file.c_str()) != 1) {
      return absl::InvalidArgumentError(SslError(absl::StrCat("loading CA ", files.ca_file)));
    }
    if (files.server) SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(files.ca_file.c_str()));
  }
  if (files.server) {
    SSL_CTX_set_alpn_select_cb(ctx, SelectAlpn, nullptr);
    // Certificates are asked for and judged, but a bad one does not end the handshake: the authenticator decides.
    if (!files.ca_file.empty()) {
      SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    }
  } else {
    SSL_CTX_set_verify(ctx, files.verify_peer ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  }
  return context;
}

// Plain TCP or TLS behind one set of operations.
class Connection final : public Transport {
 public:
  Connection(asio::io_context& io, tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
      : io_(io), context_(std::move(context)), timer_(io), socket_(std::move(socket)) {
    tls = context_ != nullptr;
    if (tls) ssl_.emplace(std::move(socket_), *context_);
  }

  tcp::socket& socket() { return ssl_ ? ssl_->next_layer() : socket_; }
  asio::ssl::stream<tcp::socket>& ssl() { return *ssl_; }
  std::shared_ptr<Connection> self() { return std::static_pointer_cast<Connection>(shared_from_this()); }

  void Handshake(bool server, std::function<void(absl::Status)> done) {
    if (!ssl_) return done(absl::OkStatus());
    ssl_->async_handshake(
        server ? asio::ssl::stream_base::server : asio::ssl::stream_base::client,
        [this, self = self(), done = std::move(done)](const error_code& ec) {
          if (ec) return done(absl::UnavailableError(absl::StrCat("TLS handshake: ", ec.message())));
          const unsigned char* name = nullptr;
          unsigned size = 0;
          SSL_get0_alpn_selected(ssl_->native_handle(), &name, &size);
          alpn.assign(reinterpret_cast<const char*>(name), size);
          peer = DescribePeer(ssl_->native_handle());
          done(absl::OkStatus());
        });
  }

  void StartReading() { ReadSome(); }

  void Post(std::function<void()> task) override {
    asio::post(io_, [self = self(), task = std::move(task)] { task(); });
  }

  void Write(Chunk chunk) override {
    if (closed_ || closing_ || chunk->empty()) return;
    queued_ += static_cast<int64_t>(chunk->size());
    queue_.push_back(std::move(chunk));
    // Written when the present I/O event is dealt with, so that what one event says leaves in one record.
    if (!writing_ && !flush_posted_) {
      flush_posted_ = true;
      asio::post(io_, [this, self = self()] {
        flush_posted_ = false;
        if (!writing_) WriteSome();
      });
    }
  }

  void Pause() override { paused_ = true; }
  void Resume() override {
    if (!paused_) return;
    paused_ = false;
    if (!reading_) ReadSome();
  }
  void Close() override {
    closing_ = true;
    if (!writing_ && queue_.empty()) Abort();
  }
  void Abort() override {
    if (closed_) return;
    closed_ = true;
    error_code ignored;
    timer_.cancel(ignored);
    if (ssl_ && socket().is_open() && handshaken()) SSL_shutdown(ssl_->native_handle());
    socket().shutdown(tcp::socket::shutdown_both, ignored);
    socket().close(ignored);
    queued_ = 0;
    queue_.clear();
    asio::post(io_, [self = self()] {
      std::function<void()> callback = std::move(self->on_close);
      self->on_close = nullptr;
      self->on_data = nullptr;
      self->on_drain = nullptr;
      if (callback) callback();
      if (self->on_gone) std::exchange(self->on_gone, nullptr)();
    });
  }
  void SetDeadline(absl::Duration after) override {
    error_code ignored;
    timer_.cancel(ignored);
    if (after <= absl::ZeroDuration() || closed_) return;
    timer_.expires_after(absl::ToChronoNanoseconds(after));
    timer_.async_wait([this, self = self()](const error_code& ec) {
      if (!ec) Abort();
    });
  }
  bool closed() const override { return closed_; }

 private:
  bool handshaken() { return SSL_is_init_finished(ssl_->native_handle()); }

  void ReadSome() {
    if (closed_ || paused_) return;
    reading_ = true;
    if (read_buffer_ == nullptr) read_buffer_ = std::make_unique<std::array<char, 16 << 10>>();
    auto handler = [this, self = self()](const error_code& ec, size_t n) {
      reading_ = false;
      if (closed_) return;
      if (ec) return Abort();
      if (on_data) {
        // A copy of the handler: it may replace itself (an upgrade).
        const std::function<void(absl::string_view)> deliver = on_data;
        deliver(absl::string_view(read_buffer_->data(), n));
      } else {
        early.append(read_buffer_->data(), n);  // the connection is changing hands
      }
      ReadSome();
    };
    if (ssl_) {
      ssl_->async_read_some(asio::buffer(*read_buffer_), std::move(handler));
    } else {
      socket_.async_read_some(asio::buffer(*read_buffer_), std::move(handler));
    }
  }

  void WriteSome() {
    if (closed_) return;
    if (queue_.empty()) {
      if (closing_) Abort();
      return;
    }
    writing_ = true;
    out_ = queue_.front();
    queue_.pop_front();
    if (!queue_.empty() && out_->size() < kMergeLimit) {
      std::string merged = *out_;
      while (!queue_.empty() && merged.size() + queue_.front()->size() <= kMergeLimit) {
        merged += *queue_.front();
        queue_.pop_front();
      }
      out_ = MakeChunk(std::move(merged));
    }
    auto handler = [this, self = self()](const error_code& ec, size_t) {
      writing_ = false;
      if (closed_) return;
      if (ec) return Abort();
      queued_ -= static_cast<int64_t>(out_->size());
      out_.reset();
      if (queued_ < kLowWater && on_drain) {
        const std::function<void()> drained = on_drain;
        drained();
      }
      if (!writing_) WriteSome();
    };
    if (ssl_) {
      asio::async_write(*ssl_, asio::buffer(*out_), std::move(handler));
    } else {
      asio::async_write(socket_, asio::buffer(*out_), std::move(handler));
    }
  }

  asio::io_context& io_;
  const std::shared_ptr<asio::ssl::context> context_;
  asio::steady_timer timer_;
  tcp::socket socket_;  // moved into ssl_ for TLS
  std::optional<asio::ssl::stream<tcp::socket>> ssl_;
  std::unique_ptr<std::array<char, 16 << 10>> read_buffer_;
  std::deque<Chunk> queue_;
  Chunk out_;  // being written
  bool reading_ = false, paused_ = false, writing_ = false, flush_posted_ = false, closing_ = false, closed_ = false;
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
    ASSIGN_OR_RETURN(std::shared_ptr<asio::ssl::context> context, MakeContext(files));
    const std::lock_guard lock(mu_);
    context_ = std::move(context);
    verify_ = files.verify_peer;
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Listen(const std::string& address, size_t max_connections,
                                     absl::Duration handshake_timeout,
                                     std::function<void(std::shared_ptr<Transport>)> on_connection) override {
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
    listener->max_connections = max_connections;
    listener->handshake_timeout = handshake_timeout;
    listener->on_connection = std::move(on_connection);
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
        l->acceptor.close(ignored);
      });
    }
  }

  void Dial(const std::string& host, int port, bool tls, absl::Duration timeout,
            std::function<void(absl::StatusOr<std::shared_ptr<Transport>>)> done) override {
    std::shared_ptr<asio::ssl::context> context;
    bool verify = false;
    if (tls) {
      const std::lock_guard lock(mu_);
      context = context_;
      verify = verify_;
    }
    Worker& w = NextWorker();
    auto attempt = std::make_shared<DialAttempt>(w.io);
    attempt->done = std::move(done);
    asio::post(w.io, [this, attempt, host, port, timeout, context, verify, &w] {
      attempt->timer.expires_after(absl::ToChronoNanoseconds(timeout));
      attempt->timer.async_wait([attempt, host, port](const error_code& ec) {
        if (!ec) attempt->Fail(absl::DeadlineExceededError(absl::StrCat("dial tcp ", host, ":", port, ": i/o timeout")));
      });
      attempt->resolver.async_resolve(host, absl::StrCat(port), [this, attempt, host, port, context, verify, &w](
                                                                    const error_code& ec, tcp::resolver::results_type results) {
        if (ec) return attempt->Fail(absl::UnavailableError(absl::StrCat("lookup ", host, ": ", ec.message())));
        attempt->endpoints.assign(results.begin(), results.end());
        ConnectNext(attempt, 0, host, port, context, verify, w);
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
    std::thread thread;
    std::set<std::weak_ptr<Connection>, std::owner_less<std::weak_ptr<Connection>>> connections;  // under mu_
  };
  struct Listener {
    explicit Listener(asio::io_context& io) : acceptor(io) {}
    tcp::acceptor acceptor;
    size_t max_connections = 0;
    absl::Duration handshake_timeout;
    std::function<void(std::shared_ptr<Transport>)> on_connection;
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
      if (!ec) {
        std::shared_ptr<asio::ssl::context> context;
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

  std::shared_ptr<Connection> Track(tcp::socket socket, const std::shared_ptr<asio::ssl::context>& context, Worker& w) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const tcp::endpoint remote = socket.remote_endpoint(ignored);
    ++live_;
    auto* raw = new Connection(w.io, std::move(socket), context);
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
             const std::shared_ptr<asio::ssl::context>& context, Worker& w) {
    std::shared_ptr<Connection> c = Track(std::move(socket), context, w);
    c->SetDeadline(listener->handshake_timeout);
    c->Handshake(/*server=*/true, [c, listener](absl::Status status) {
      if (!status.ok()) return c->Abort();
      c->SetDeadline(absl::ZeroDuration());
      listener->on_connection(c);
      c->StartReading();
    });
  }

  void ConnectNext(const std::shared_ptr<DialAttempt>& attempt, size_t at, const std::string& host, int port,
                   const std::shared_ptr<asio::ssl::context>& context, bool verify, Worker& w) {
    if (!attempt->done) return;
    auto socket = std::make_shared<tcp::socket>(w.io);
    socket->async_connect(attempt->endpoints[at], [=, this, &w](const error_code& ec) {
      if (!attempt->done) return;
      if (ec) {
        if (at + 1 < attempt->endpoints.size()) return ConnectNext(attempt, at + 1, host, port, context, verify, w);
        return attempt->Fail(
            absl::UnavailableError(absl::StrCat("dial tcp ", host, ":", port, ": connect: ", ec.message())));
      }
      std::shared_ptr<Connection> c = Track(std::move(*socket), context, w);
      attempt->connection = c;
      if (context) {
        SSL_set_tlsext_host_name(c->ssl().native_handle(), host.c_str());
        if (verify) {
          X509_VERIFY_PARAM* param = SSL_get0_param(c->ssl().native_handle());
          if (X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) != 1) X509_VERIFY_PARAM_set1_host(param, host.c_str(), 0);
        }
      }
      c->Handshake(/*server=*/false, [attempt, c](absl::Status status) {
        if (!attempt->done) return;
        if (!status.ok()) return attempt->Fail(std::move(status));
        attempt->connection = nullptr;
        attempt->Finish(std::shared_ptr<Transport>(c));
        c->StartReading();
      });
    });
  }

  std::mutex mu_;
  std::shared_ptr<asio::ssl::context> context_;
  bool verify_ = false;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::atomic<size_t> live_{0};
  std::atomic<size_t> next_{0};
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

std::unique_ptr<IoEngine> IoEngine::Create(int threads) { return std::make_unique<AsioEngine>(threads); }

}  // namespace base::http
