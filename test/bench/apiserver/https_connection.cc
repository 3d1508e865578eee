#include "https_connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "client/kubeconfig.h"
#include "response_parser.h"

namespace bench {
namespace {

absl::Status TlsError(absl::string_view what) {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return absl::UnavailableError(absl::StrCat(what, ": ", text));
}

std::unique_ptr<BIO, decltype(&BIO_free)> Memory(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
}

}  // namespace

absl::StatusOr<Endpoint> ParseServer(absl::string_view url) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(url, absl::MaxSplits("://", 1));
  const std::pair<absl::string_view, absl::string_view> place = absl::StrSplit(parts.second, absl::MaxSplits(':', 1));
  if (parts.first != "https" || place.second.empty()) return absl::InvalidArgumentError(absl::StrCat("not https://host:port: ", url));
  return Endpoint{std::string(place.first), std::string(place.second)};
}

absl::StatusOr<std::shared_ptr<SSL_CTX>> MakeTls(const client::ClientConfig& config) {
  std::shared_ptr<SSL_CTX> tls(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  const auto ca = Memory(config.ca_pem), cert = Memory(config.cert_pem), key = Memory(config.key_pem);
  std::unique_ptr<X509, decltype(&X509_free)> authority(PEM_read_bio_X509(ca.get(), nullptr, nullptr, nullptr), X509_free);
  std::unique_ptr<X509, decltype(&X509_free)> mine(PEM_read_bio_X509(cert.get(), nullptr, nullptr, nullptr), X509_free);
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> secret(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  if (authority == nullptr || mine == nullptr || secret == nullptr) return TlsError("certificates of the kubeconfig");
  X509_STORE_add_cert(SSL_CTX_get_cert_store(tls.get()), authority.get());
  SSL_CTX_set_verify(tls.get(), SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_use_certificate(tls.get(), mine.get()) != 1 || SSL_CTX_use_PrivateKey(tls.get(), secret.get()) != 1) {
    return TlsError("client certificate");
  }
  return tls;
}

absl::StatusOr<std::unique_ptr<HttpsConnection>> HttpsConnection::Open(const Endpoint& to, std::shared_ptr<SSL_CTX> tls) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(to.host.c_str(), to.port.c_str(), &hints, &found) != 0) return absl::UnavailableError("no such host: " + to.host);
  std::unique_ptr<HttpsConnection> out(new HttpsConnection);
  out->tls_ = std::move(tls);
  out->fd_ = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int failed = connect(out->fd_, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (failed != 0) return base::ErrnoStatus(absl::StrCat("connect to ", to.host, ":", to.port));
  const int one = 1;
  setsockopt(out->fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  out->ssl_ = SSL_new(out->tls_.get());
  SSL_set_fd(out->ssl_, out->fd_);
  SSL_set_read_ahead(out->ssl_, 1);
  SSL_set_tlsext_host_name(out->ssl_, to.host.c_str());
  if (SSL_connect(out->ssl_) != 1) return TlsError("TLS handshake");
  return out;
}

HttpsConnection::~HttpsConnection() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  if (fd_ >= 0) close(fd_);
}

std::string RequestText(absl::string_view method, absl::string_view path, absl::string_view headers, absl::string_view body) {
  return absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: bench\r\n", headers,
                      body.empty() ? "" : absl::StrCat("Content-Length: ", body.size(), "\r\n"), "\r\n", body);
}

absl::Status HttpsConnection::Send(absl::string_view bytes) {
  if (SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) <= 0) return TlsError("write");
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> HttpsConnection::Receive() {
  chunk_.resize(65536);
  const int got = SSL_read(ssl_, chunk_.data(), static_cast<int>(chunk_.size()));
  if (got < 0) return TlsError("read");
  return absl::string_view(chunk_.data(), static_cast<size_t>(got));
}

absl::StatusOr<Reply> HttpsConnection::Call(absl::string_view method, absl::string_view path, absl::string_view headers,
                                            absl::string_view body, bool keep_body) {
  RETURN_IF_ERROR(Send(RequestText(method, path, headers, body)));
  ResponseParser parser;
  parser.keep_body = keep_body;
  while (true) {
    ASSIGN_OR_RETURN(absl::string_view more, Receive());
    if (more.empty()) return absl::UnavailableError("the server closed the connection");
    if (!parser.Feed(&more)) continue;
    if (parser.status() < 0) return absl::InternalError("not HTTP");
    return Reply{parser.status(), parser.body(), static_cast<size_t>(parser.body_bytes())};
  }
}

}  // namespace bench
