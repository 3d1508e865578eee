#include "apiserver/admission/webhook_call.h"

#include <curl/curl.h>
#include <openssl/x509_vfy.h>

#include <cerrno>
#include <mutex>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/metrics/certificate_series.h"

namespace apiserver::admission {
namespace {

constexpr size_t kMaxAnswer = 8 << 20;
constexpr char kNoName[] = "x509: certificate relies on legacy Common Name field, use SANs instead";
constexpr size_t kMaxIdle = 32;  // handles, each with its connections

size_t Take(char* bytes, size_t, size_t count, void* to) {
  auto* body = static_cast<std::string*>(to);
  if (body->size() + count > kMaxAnswer) return 0;
  body->append(bytes, count);
  return count;
}

std::string OsReason(long error) {
  switch (error) {
    case ECONNREFUSED: return "connection refused";
    case EHOSTUNREACH: return "no route to host";
    case ENETUNREACH: return "network is unreachable";
    default: return "connection refused";
  }
}

std::string TlsReason(long verified, absl::string_view detail) {
  switch (verified) {
    case X509_V_ERR_CERT_HAS_EXPIRED: case X509_V_ERR_CERT_NOT_YET_VALID:
      return "x509: certificate has expired or is not yet valid";
    case X509_V_ERR_CA_MD_TOO_WEAK: return "x509: cannot verify signature: insecure algorithm SHA1-RSA";
    case X509_V_OK: return absl::StrCat("x509: ", detail);
    default: return "x509: certificate signed by unknown authority";
  }
}

base::CertificateSeries& kCertificates = *new base::CertificateSeries("apiserver_webhooks");

// Whether the server's certificate, where one was shown for this call, names no host but in its subject.
bool HasNoName(CURL* handle) {
  curl_certinfo* shown = nullptr;
  if (curl_easy_getinfo(handle, CURLINFO_CERTINFO, &shown) != CURLE_OK || shown == nullptr || shown->num_of_certs < 1) return false;
  for (const curl_slist* line = shown->certinfo[0]; line != nullptr; line = line->next) {
    if (absl::StartsWith(line->data, "X509v3 Subject Alternative Name:")) return false;
  }
  return true;
}

class Caller final : public WebhookCaller {
 public:
  ~Caller() override {
    for (CURL* handle : idle_) curl_easy_cleanup(handle);
  }

  absl::StatusOr<WebhookAnswer> Call(const WebhookCall& call) override {
    CURL* handle = Handle();
    if (handle == nullptr) return absl::InternalError("no client");
    const std::string url = absl::StrCat(call.url, "?timeout=", absl::ToInt64Seconds(call.timeout), "s");
    WebhookAnswer answer;
    char detail[CURL_ERROR_SIZE] = "";
    curl_slist* headers = nullptr;
    for (const char* header : {"Content-Type: application/json", "Accept: application/json, */*", "Expect:"}) {
      headers = curl_slist_append(headers, header);
    }
    curl_slist* route = call.connect_to.empty() ? nullptr : curl_slist_append(nullptr, absl::StrCat("::", call.connect_to).c_str());
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "kube-apiserver-admission");
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, Take);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer.body);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(call.timeout)));
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(handle, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECT_TO, route);
    curl_blob authorities{const_cast<char*>(call.ca_bundle.data()), call.ca_bundle.size(), CURL_BLOB_COPY};
    if (!call.ca_bundle.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO_BLOB, &authorities);
    const CURLcode code = curl_easy_perform(handle);
    absl::Status failed;
    const bool no_name = code == CURLE_OK && HasNoName(handle);
    if (no_name) {
      failed = absl::UnavailableError(absl::StrCat("Post \"", url, "\": tls: failed to verify certificate: ", kNoName));
    } else if (code == CURLE_OK) {
      long http = 0;
      curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &http);
      answer.code = static_cast<int>(http);
      const char* type = nullptr;
      curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type);
      answer.text = type != nullptr && absl::StartsWith(type, "text/");
    } else {
      failed = absl::UnavailableError(absl::StrCat("Post \"", url, "\": ", Reason(handle, code, call, detail)));
    }
    curl_slist_free_all(headers);
    curl_slist_free_all(route);
    if (no_name) {
      curl_easy_cleanup(handle);  // with the connection: the next call is to be told again
    } else {
      PutBack(handle);
    }
    if (!failed.ok()) kCertificates.Failed(failed.message());
    if (!failed.ok()) return failed;
    return answer;
  }

 private:
  static std::string Reason(CURL* handle, CURLcode code, const WebhookCall& call, absl::string_view detail) {
    const std::string host = HostOf(call);
    switch (code) {
      case CURLE_COULDNT_RESOLVE_HOST: return absl::StrCat("dial tcp: lookup ", host.substr(0, host.rfind(':')), ": no such host");
      case CURLE_COULDNT_CONNECT: {
        long error = 0;
        curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &error);
        return absl::StrCat("dial tcp ", host, ": connect: ", OsReason(error));
      }
      case CURLE_OPERATION_TIMEDOUT: return "context deadline exceeded";
      case CURLE_PEER_FAILED_VERIFICATION: {
        long verified = 0;
        curl_easy_getinfo(handle, CURLINFO_SSL_VERIFYRESULT, &verified);
        return absl::StrCat("tls: failed to verify certificate: ", TlsReason(verified, detail));
      }
      case CURLE_SSL_CONNECT_ERROR:
        if (absl::StrContains(detail, "wrong version number")) return "http: server gave HTTP response to HTTPS client";
        return absl::StrCat("remote error: ", detail);
      case CURLE_GOT_NOTHING: case CURLE_RECV_ERROR: case CURLE_SEND_ERROR: return "EOF";
      case CURLE_WRITE_ERROR: return "http: request body too large";
      default: return detail.empty() ? curl_easy_strerror(code) : std::string(detail);
    }
  }

  // host:port as it was dialled.
  static std::string HostOf(const WebhookCall& call) {
    if (!call.connect_to.empty()) return call.connect_to;
    std::string host = call.url.substr(call.url.find("//") + 2);
    host = host.substr(0, host.find('/'));
    return host.find(':') == std::string::npos || absl::EndsWith(host, "]") ? absl::StrCat(host, ":443") : host;
  }

  CURL* Handle() {
    const std::lock_guard lock(mu_);
    if (idle_.empty()) return curl_easy_init();
    CURL* handle = idle_.back();
    idle_.pop_back();
    return handle;
  }

  void PutBack(CURL* handle) {
    curl_easy_reset(handle);  // keeps its connections
    const std::lock_guard lock(mu_);
    if (idle_.size() < kMaxIdle) {
      idle_.push_back(handle);
    } else {
      curl_easy_cleanup(handle);
    }
  }

  std::mutex mu_;
  std::vector<CURL*> idle_;  // guarded by mu_
};

}  // namespace

std::unique_ptr<WebhookCaller> NewWebhookCaller() { return std::make_unique<Caller>(); }

}  // namespace apiserver::admission
