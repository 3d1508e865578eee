// HTTP/1.1 client for daemons that dial others: streamed responses and raw upgrades over TLS or plain TCP.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/http/byte_stream.h"
#include "base/http/message.h"

namespace base::http {

// Certificates for single calls of a client that dials many servers. Immutable, shared by calls.
struct ClientTls;
struct ClientTlsOptions {
  std::string ca_pem;       // authorities of the server; empty: the system's
  bool verify = true;       // fail when the server's certificate does not hold, in Go's words
  std::string server_name;  // asked for and expected in the certificate; empty: the host that is dialled
  std::string cert_pem, key_pem;  // ours
};
// InvalidArgument: something does not load.
absl::StatusOr<std::shared_ptr<const ClientTls>> MakeClientTls(const ClientTlsOptions& options);

struct ClientOptions {
  bool tls = true;
  // PEM files. No CA: the server's certificate is not checked (as for kubelets without --kubelet-certificate-authority).
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  absl::Duration connect_timeout = absl::Seconds(10);
};

struct ClientRequest {
  std::string host;  // name or address, without brackets
  int port = 443;
  std::string method = "GET";
  std::string target = "/";  // path and query, encoded
  Headers headers;           // host and content-length are added
  std::string body;
  std::shared_ptr<const ClientTls> tls;  // nullptr: the client's own
  absl::Duration timeout = absl::InfiniteDuration();  // of all after the connection stands; then DeadlineExceeded
};

struct ResponseHead {
  int status = 0;
  Headers headers;
};

// Receives a response. Calls come from an I/O thread, one at a time, in order, and must not block.
struct ResponseSink {
  std::function<void(const ResponseHead& head)> on_head;
  std::function<void(absl::string_view data)> on_body;  // transfer coding removed
  // Last call: OK at the end of the body, Unavailable when the connection failed, DeadlineExceeded.
  std::function<void(absl::Status status)> on_done;
  // 101 only, instead of on_body and on_done: the connection is the caller's now.
  std::function<void(const ResponseHead& head, std::unique_ptr<ByteStream> stream)> on_upgrade;
};

// A call under way. Destroying it leaves the call alone; Cancel cuts it (on_done with Cancelled).
class ClientCall {
 public:
  virtual ~ClientCall() = default;
  virtual void Cancel() = 0;
  virtual void Pause() = 0;   // back-pressure: stop reading
  virtual void Resume() = 0;
};

class Client {
 public:
  static absl::StatusOr<std::unique_ptr<Client>> Create(ClientOptions options);
  virtual ~Client() = default;  // cuts calls under way

  // Thread-safe; one connection a call.
  virtual std::unique_ptr<ClientCall> Start(ClientRequest request, ResponseSink sink) = 0;

  struct Response {
    int status = 0;
    Headers headers;
    std::string body;
  };
  // Blocks for the whole response.
  absl::StatusOr<Response> Fetch(ClientRequest request, absl::Duration timeout, size_t max_body_bytes = 16u << 20);
};

}  // namespace base::http
