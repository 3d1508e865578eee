// HTTPS (and plain HTTP) server: HTTP/1.1 and, by ALPN or prior knowledge, HTTP/2 on one port.
//
//   auto server = base::http::Server::Create(options, [](Request request, std::unique_ptr<ResponseWriter> writer) {
//     writer->Send(200, {{"content-type", "text/plain"}}, "ok");
//   });
//   (*server)->Stop();
//
// The handler runs on a bounded pool of worker threads (ServerOptions::workers) and may block. A handler that streams
// (a watch) keeps the writer, returns, and writes from any thread later: it holds no thread meanwhile.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/http/byte_stream.h"
#include "base/http/message.h"
#include "base/turn.h"

namespace base::http {

// Sends one response. Thread-safe. Destroying it before Finish ends the response: an unstarted one with 500, a
// started one by cutting the stream.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  // The whole response at once; content-length is added.
  virtual void Send(int status, Headers headers, std::string body) = 0;

  // Streaming: Start once, Write any number of times, Finish. Chunks that come while the thread of the client serves
  // other streams leave together (rounds.h).
  // Write answers the bytes queued for this client after it, a measure of how far behind the client is;
  // -1 when the client is gone.
  virtual void Start(int status, Headers headers) = 0;
  virtual int64_t Write(std::string chunk) = 0;
  virtual int64_t Write(std::shared_ptr<const std::string> chunk) = 0;
  virtual void Finish() = 0;

  // Streaming by pull: after Start, `next` is called on a worker thread whenever the client can take more; it fills
  // `chunk` and answers whether there is more to come. Memory stays at about one chunk. Ends in Finish by itself.
  // kQuick: a call takes some hundred microseconds at most, and is made on the client's I/O thread, as that costs less
  // than to hand what it made from one thread to another.
  using Producer = std::function<bool(std::string* chunk)>;
  enum class Pace { kAny, kQuick };
  virtual void Stream(Producer next, Pace pace = Pace::kAny) = 0;

  // Calls back once, on the I/O thread of this client, when less than 256 KiB wait for it, at once if so: for producers
  // that stop when Write tells too much. Must not block. Never called when the client has gone.
  virtual void WhenLow(std::function<void()> callback) = 0;

  // Streaming by turns, for many streams with the same to say: `turn` runs on the I/O thread in the next round of streams
  // (rounds.h), and what it writes leaves with that round. Not run when the client is gone. A stream has one turn, however
  // often it is asked for. The second form waits until most of what is queued was sent.
  virtual void AskTurn(std::shared_ptr<base::Turn> turn) = 0;
  virtual void AskTurnWhenLow(std::shared_ptr<base::Turn> turn) = 0;

  // Runs `task` soon, on the I/O thread that serves this client. It must not block.
  virtual void Post(std::function<void()> task) = 0;

  // Called once, on some thread, when the client went away before Finish (at once if it already has). Not called
  // after Finish. Must not block. Set it at most once.
  virtual void OnClose(std::function<void()> callback) = 0;

  // HTTP/1.1 only: answers 101 with `headers` and hands over the connection. Unavailable over HTTP/2.
  virtual absl::StatusOr<std::unique_ptr<ByteStream>> Upgrade(Headers headers) = 0;
};

using Handler = std::function<void(Request request, std::unique_ptr<ResponseWriter> writer)>;

struct ServerOptions {
  std::vector<std::string> addresses;  // "127.0.0.1:0", "[::]:6443"; port 0 = any (see Server::addresses)

  // PEM files. Without a certificate the server speaks plain HTTP. With a client CA, client certificates are asked
  // for and checked but not required: the handler sees PeerCertificate::verified.
  std::string cert_file;
  std::string key_file;
  std::string client_ca_file;
  std::string front_proxy_ca_file;  // likewise; the handler sees PeerCertificate::front_proxy
  // Instead of files: PEM text (self-signed certificates made at start).
  std::string cert_pem;
  std::string key_pem;

  int io_threads = 1;
  int workers = 16;                         // threads that run handlers, started as needed
  size_t max_queued_requests = 4096;        // more waiting for a worker: 503
  size_t max_header_bytes = 1 << 20;        // 431 beyond; upstream's limit
  size_t max_body_bytes = 3u << 20;         // 413 beyond
  size_t max_connections = 20000;
  int max_streams_per_connection = 250;     // concurrent HTTP/2 requests
  size_t max_request_memory = 256u << 20;   // held for requests of all connections; small ones are taken beyond that, too
  size_t max_answer_memory = 256u << 20;    // held for clients that do not read; beyond that one request at a time of each
  absl::Duration header_timeout = absl::Seconds(32);
  absl::Duration body_timeout = absl::Minutes(1);  // from the end of the head to that of the body
  absl::Duration idle_timeout = absl::Minutes(3);
  // Asked first, on the I/O thread, and must not block: answers whether it took the request and its writer, else the
  // handler gets them. For requests that cost less than waking up a worker.
  std::function<bool(Request& request, std::unique_ptr<ResponseWriter>& writer)> at_once;
  // Answers a request whose body is larger than max_body_bytes, or does not come in time; empty: plain-text 413, 504.
  std::function<void(const Request& head, ResponseWriter& writer)> on_body_too_large;
  std::function<void(const Request& head, ResponseWriter& writer)> on_body_too_late;
  // Told, on an I/O thread, of each connection whose TLS handshake failed; may be empty.
  std::function<void()> on_handshake_error;
};

class Server {
 public:
  // Listens and serves when it returns. Fails when an address is taken or a certificate does not load.
  static absl::StatusOr<std::unique_ptr<Server>> Create(ServerOptions options, Handler handler);
  virtual ~Server() = default;  // stops

  // What is listened on, with real ports, in the order of ServerOptions::addresses.
  virtual std::vector<std::string> addresses() const = 0;
  virtual int port() const = 0;  // of the first address
  // Ends listening, then gives running requests up to `grace` before their connections are cut. Idempotent.
  virtual void Stop(absl::Duration grace = absl::ZeroDuration()) = 0;
  // Loads the certificate files again for new connections.
  virtual absl::Status ReloadCertificates() = 0;
};

}  // namespace base::http
