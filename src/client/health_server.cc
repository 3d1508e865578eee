#include "client/health_server.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/metrics/page.h"
#include "base/file.h"
#include "base/http/server.h"
#include "base/status_macros.h"

namespace client {
namespace {

using base::http::Headers;
using base::http::Request;
using base::http::ResponseWriter;

const Headers kText = {{"content-type", "text/plain; charset=utf-8"}, {"x-content-type-options", "nosniff"}};
const Headers kMetrics = {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}};

std::string ToPem(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

// What every daemon shows of itself, what it has counted, and what it adds.
std::string MetricsText(const HealthServerOptions& options) {
  base::MetricsPage page;
  base::AddDaemon(page);
  base::AddBuild(page);
  if (options.metrics) options.metrics(page);
  return page.Text();
}

void Answer(const HealthServerOptions& options, const Request& request, ResponseWriter& writer) {
  if (request.path == "/metrics") {
    return writer.Send(200, kMetrics, MetricsText(options));
  }
  if (request.path == "/healthz" || request.path == "/livez" || request.path == "/readyz") {
    const bool healthy = !options.healthy || options.healthy();
    return writer.Send(healthy ? 200 : 500, kText, healthy ? "ok" : "unhealthy");
  }
  writer.Send(404, kText, "404 page not found\n");
}

}  // namespace

absl::StatusOr<CertificatePem> SelfSignedCertificate(const std::string& common_name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* cert = X509_new();
  if (key == nullptr || cert == nullptr) return absl::InternalError("cannot make a key");
  X509_set_version(cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert), 365L * 24 * 3600);
  X509_set_pubkey(cert, key);
  X509_NAME* name = X509_get_subject_name(cert);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                             -1, 0);
  X509_set_issuer_name(cert, name);
  const bool signed_ok = X509_sign(cert, key, EVP_sha256()) > 0;
  CertificatePem out;
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, cert);
  out.cert = ToPem(bio);
  bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  out.key = ToPem(bio);
  X509_free(cert);
  EVP_PKEY_free(key);
  if (!signed_ok) return absl::InternalError("cannot sign a certificate");
  return out;
}

HealthServer::HealthServer(std::unique_ptr<base::http::Server> server) : server_(std::move(server)) {}
HealthServer::~HealthServer() = default;
int HealthServer::port() const { return server_->port(); }

absl::StatusOr<std::unique_ptr<HealthServer>> HealthServer::Start(HealthServerOptions options) {
  base::http::ServerOptions http;
  http.addresses = {options.address};
  http.workers = 2;
  http.max_connections = 64;
  if (!options.cert_file.empty()) {
    http.cert_file = options.cert_file;
    http.key_file = options.key_file;
  } else {
    ASSIGN_OR_RETURN(CertificatePem pem, SelfSignedCertificate("localhost"));
    http.cert_pem = std::move(pem.cert);
    http.key_pem = std::move(pem.key);
  }
  ASSIGN_OR_RETURN(auto server,
                   base::http::Server::Create(http, [options = std::move(options)](
                                                        Request request, std::unique_ptr<ResponseWriter> writer) {
                     Answer(options, request, *writer);
                   }));
  return std::unique_ptr<HealthServer>(new HealthServer(std::move(server)));
}

}  // namespace client
