#include "kubectl/rest/raw_connection.h"

#include <curl/curl.h>
#include <poll.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kubectl/cli/errors.h"
#include "kubectl/rest/client.h"

namespace kubectl {
namespace {

curl_blob Copied(const std::string& text) {
  return {const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};
}

}  // namespace

std::string HostOfServer(const std::string& server) {
  const size_t scheme = server.find("://");
  const std::string host = scheme == std::string::npos ? server : server.substr(scheme + 3);
  return host.substr(0, host.find('/'));
}

std::string PrefixOfServer(const std::string& server) {
  const size_t scheme = server.find("://");
  const size_t slash = server.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  return slash == std::string::npos ? "" : server.substr(slash);
}

std::string ExtraHeader(const std::string& extra) {
  const size_t equals = extra.find('=');
  return absl::StrCat("Impersonate-Extra-", UrlEscape(extra.substr(0, equals)), ": ",
                      extra.substr(equals + 1));
}

std::string IdentityHeaders(const Connection& connection, bool with_authorization) {
  std::string headers;
  if (with_authorization && !connection.token.empty()) {
    absl::StrAppend(&headers, "Authorization: Bearer ", connection.token, "\r\n");
  } else if (with_authorization && !connection.username.empty()) {
    absl::StrAppend(&headers, "Authorization: Basic ",
                    absl::Base64Escape(absl::StrCat(connection.username, ":", connection.password)), "\r\n");
  }
  if (!connection.as.empty()) absl::StrAppend(&headers, "Impersonate-User: ", connection.as, "\r\n");
  if (!connection.as_uid.empty()) absl::StrAppend(&headers, "Impersonate-Uid: ", connection.as_uid, "\r\n");
  for (const std::string& group : connection.as_group)
    absl::StrAppend(&headers, "Impersonate-Group: ", group, "\r\n");
  for (const std::string& extra : connection.as_user_extra) absl::StrAppend(&headers, ExtraHeader(extra), "\r\n");
  return headers;
}

RawConnection::~RawConnection() {
  if (curl_ != nullptr) curl_easy_cleanup(static_cast<CURL*>(curl_));
}

absl::StatusOr<std::unique_ptr<RawConnection>> RawConnection::Open(const Connection& connection) {
  std::unique_ptr<RawConnection> raw(new RawConnection());
  CURL* curl = curl_easy_init();
  raw->curl_ = curl;
  curl_easy_setopt(curl, CURLOPT_URL, connection.server.c_str());
  curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(curl, CURLOPT_SSL_ENABLE_ALPN, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
  curl_blob ca = Copied(connection.ca_pem), cert = Copied(connection.cert_pem), key = Copied(connection.key_pem);
  if (connection.insecure) {
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  } else if (!connection.ca_pem.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &ca);
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  }
  if (!connection.cert_pem.empty()) {
    curl_easy_setopt(curl, CURLOPT_SSLCERT_BLOB, &cert);
    curl_easy_setopt(curl, CURLOPT_SSLKEY_BLOB, &key);
  }
  if (curl_easy_perform(curl) != CURLE_OK) {
    return Rendered(absl::StrCat("The connection to the server ", HostOfServer(connection.server),
                                 " was refused - did you specify the right host or port?"));
  }
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &socket);
  raw->fd_ = socket;
  return raw;
}

absl::Status RawConnection::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    size_t sent = 0;
    const CURLcode code = curl_easy_send(static_cast<CURL*>(curl_), bytes.data(), bytes.size(), &sent);
    if (code == CURLE_AGAIN) {
      pollfd poller{fd_, POLLOUT, 0};
      poll(&poller, 1, 1000);
      continue;
    }
    if (code != CURLE_OK) return absl::UnavailableError("lost connection to the server");
    bytes.remove_prefix(sent);
  }
  return absl::OkStatus();
}

size_t RawConnection::Receive(char* buffer, size_t size) {
  size_t received = 0;
  const CURLcode code = curl_easy_recv(static_cast<CURL*>(curl_), buffer, size, &received);
  if (code == CURLE_AGAIN) return 0;
  if (code != CURLE_OK || received == 0) {
    closed_ = true;
    return 0;
  }
  return received;
}

}  // namespace kubectl
