// A blocking HTTP/1.1 connection over TLS with a client certificate: as little as a load generator needs.
#pragma once
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace client {
struct ClientConfig;
}

namespace bench {

struct Endpoint {
  std::string host;
  std::string port;
};
absl::StatusOr<Endpoint> ParseServer(absl::string_view url);

// Shared by connections of one run; verifies the server.
absl::StatusOr<std::shared_ptr<SSL_CTX>> MakeTls(const client::ClientConfig& config);

struct Reply {
  int status = 0;
  std::string body;      // empty when only counted
  size_t body_bytes = 0;
};

// Not thread-safe.
class HttpsConnection {
 public:
  static absl::StatusOr<std::unique_ptr<HttpsConnection>> Open(const Endpoint& to, std::shared_ptr<SSL_CTX> tls);
  ~HttpsConnection();

  // `keep_body` false: reads the body and forgets it.
  absl::StatusOr<Reply> Call(absl::string_view method, absl::string_view path, absl::string_view headers,
                             absl::string_view body, bool keep_body = false);

  absl::Status Send(absl::string_view bytes);
  // For streams: what has arrived. Blocks until there is something; "" at the end.
  absl::StatusOr<absl::string_view> Receive();
  int fd() const { return fd_; }
  SSL* ssl() const { return ssl_; }

 private:
  HttpsConnection() = default;

  std::shared_ptr<SSL_CTX> tls_;
  SSL* ssl_ = nullptr;
  int fd_ = -1;
  std::string chunk_;
};

std::string RequestText(absl::string_view method, absl::string_view path, absl::string_view headers, absl::string_view body);

}  // namespace bench
