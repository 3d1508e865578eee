// The shell below the protocols: TCP, TLS, timers and I/O threads. Internal to base/http.
#pragma once
#include <openssl/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/http/message.h"
#include "base/http/rounds.h"

namespace base::http {

using Chunk = std::shared_ptr<const std::string>;
inline Chunk MakeChunk(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

// One connection. All members belong to its I/O thread, except Post, NextRound and queued().
class Transport : public std::enable_shared_from_this<Transport> {
 public:
  virtual ~Transport() = default;

  virtual void Post(std::function<void()> task) = 0;  // runs on the I/O thread, in order
  // Runs `task` in the thread's next round of streams; see rounds.h.
  virtual void NextRound(std::shared_ptr<RoundTask> task) = 0;

  // `on_data` for what arrives; `on_close` once, when the connection ended for whatever reason but Abort by ourselves
  // (then too). May be set anew when the protocol changes.
  std::function<void(absl::string_view)> on_data;
  std::function<void()> on_close;
  std::function<void()> on_gone;   // after on_close, for whoever keeps the books
  std::function<void()> on_drain;  // after each time the queue fell below 256 KiB; must not replace itself

  // Leave when the present I/O event is dealt with, or with the next Flush.
  virtual void Write(Chunk chunk) = 0;
  virtual void Write(std::string bytes) = 0;  // that nobody shares
  virtual void Flush() = 0;
  virtual void Pause() = 0;
  virtual void Resume() = 0;
  virtual void Close() = 0;  // reads no more, and cuts the connection after the queue was sent, or when that stands still
  virtual void Abort() = 0;  // now
  // Calls on_deadline, or without one cuts the connection, unless set again in time; zero: never.
  virtual void SetDeadline(absl::Duration after) = 0;
  std::function<void()> on_deadline;
  virtual bool closed() const = 0;

  std::string early;  // bytes read while nobody listened (an upgrade), for the stream that takes over

  int64_t queued() const { return queued_.load(std::memory_order_relaxed); }

  std::string remote_address;
  std::string alpn;  // "h2", "http/1.1" or ""
  bool tls = false;
  std::shared_ptr<const PeerCertificate> peer;

 protected:
  std::atomic<int64_t> queued_{0};
};

// Certificates of one side.
struct TlsFiles {
  std::string cert_file, key_file, cert_pem, key_pem;
  std::string ca_file;       // server: client CA; client: CA of the servers
  bool server = true;
  bool verify_peer = false;  // client: fail the handshake when the server's chain does not verify
  std::string alpn;          // client: the protocol that is asked for, if any
  std::string ca_pem;        // client: instead of the file
  std::string front_proxy_ca_file;  // server: authority of front proxies, which speak for others
};

// What a client shows and expects on a connection of its own; see client.h.
struct ClientTls {
  std::shared_ptr<SSL_CTX> context;
  bool verify = false;
  std::string server_name;
};

// Threads, listeners and dialing. Thread-safe.
class IoEngine {
 public:
  static std::unique_ptr<IoEngine> Create(int threads);
  virtual ~IoEngine() = default;  // joins the threads; connections are cut

  // Calls `on_connection` on the connection's I/O thread after the TLS handshake, or `on_handshake_error` (may be empty).
  // Answers the address listened on, with its port.
  virtual absl::StatusOr<std::string> Listen(const std::string& address, size_t max_connections,
                                             absl::Duration handshake_timeout,
                                             std::function<void(std::shared_ptr<Transport>)> on_connection,
                                             std::function<void()> on_handshake_error) = 0;
  virtual void StopListening() = 0;
  // Sets (or replaces) the certificates of connections to come. No call: plain TCP.
  virtual absl::Status UseTls(const TlsFiles& files) = 0;
  // What UseTls set, for Dial; nullptr before.
  virtual std::shared_ptr<const ClientTls> client_tls() = 0;
  // `done` runs on the connection's I/O thread. `host` may be an address or a name. No `tls`: plain TCP.
  virtual void Dial(const std::string& host, int port, std::shared_ptr<const ClientTls> tls, absl::Duration timeout,
                    std::function<void(absl::StatusOr<std::shared_ptr<Transport>>)> done) = 0;
  virtual void Shutdown() = 0;  // cuts everything, joins. Idempotent.
};

}  // namespace base::http
