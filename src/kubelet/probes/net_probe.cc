#include "kubelet/probes/net_probe.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace kubelet {
namespace {

std::string HostPort(const std::string& host, int port) {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

// Connects and closes again. Empty: it worked; otherwise Go's words for why not.
std::string DialError(const std::string& host, int port, absl::Duration timeout) {
  const std::string target = HostPort(host, port);
  addrinfo hints = {}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return absl::StrCat("dial tcp: lookup ", host, ": no such host");
  }
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return absl::StrCat("dial tcp ", target, ": ", strerror(errno));
  int error = 0;
  if (connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
    error = errno;
    if (error == EINPROGRESS) {
      pollfd wait = {fd, POLLOUT, 0};
      if (poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout))) == 0) {
        error = ETIMEDOUT;
      } else {
        socklen_t size = sizeof error;
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
      }
    }
  }
  close(fd);
  if (error == 0) return "";
  if (error == ETIMEDOUT) return absl::StrCat("dial tcp ", target, ": i/o timeout");
  return absl::StrCat("dial tcp ", target, ": connect: ", absl::AsciiStrToLower(strerror(error)));
}

size_t Collect(char* data, size_t size, size_t count, void* out) {
  std::string& body = *static_cast<std::string*>(out);
  if (body.size() < 10240) body.append(data, std::min(size * count, 10240 - body.size()));
  return size * count;
}

}  // namespace

ProbeOutcome ProbeTcp(const std::string& host, int port, absl::Duration timeout) {
  const std::string error = DialError(host, port, timeout);
  return {error.empty(), error};
}

ProbeOutcome ProbeHttp(const HttpProbeRequest& request, absl::Duration timeout) {
  std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  const std::string path = absl::StartsWith(request.path, "/") ? request.path : "/" + request.path;
  const std::string url = absl::StrCat(request.tls ? "https" : "http", "://", HostPort(request.host, request.port), path);
  curl_slist* headers = curl_slist_append(nullptr, "User-Agent: kube-probe/1.35");
  bool accept = false;
  for (const auto& [name, value] : request.headers) {
    headers = curl_slist_append(headers, absl::StrCat(name, ": ", value).c_str());
    accept = accept || absl::EqualsIgnoreCase(name, "accept");
  }
  if (!accept) headers = curl_slist_append(headers, "Accept: */*");
  headers = curl_slist_append(headers, "Connection: close");
  std::string body;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(timeout)));
  curl_easy_setopt(curl.get(), CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_SSL_VERIFYHOST, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, Collect);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  const CURLcode code = curl_easy_perform(curl.get());
  curl_slist_free_all(headers);
  if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
    return {false, absl::StrCat("Get \"", url, "\": ", DialError(request.host, request.port, timeout))};
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return {false, absl::StrCat("Get \"", url, "\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)")};
  }
  if (code == CURLE_GOT_NOTHING) return {false, absl::StrCat("Get \"", url, "\": EOF")};
  if (code != CURLE_OK) return {false, absl::StrCat("Get \"", url, "\": ", curl_easy_strerror(code))};
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 400) return {true, body};
  return {false, absl::StrCat("HTTP probe failed with statuscode: ", status)};
}

}  // namespace kubelet
