// A byte stream to the API server, made by libcurl (so TLS, certificates and proxies are those of every other request): what
// WebSockets and the local proxy speak over. Not thread-safe.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kubectl/rest/kubeconfig.h"

namespace kubectl {

class RawConnection {
 public:
  static absl::StatusOr<std::unique_ptr<RawConnection>> Open(const Connection& connection);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;

  int fd() const { return fd_; }
  bool closed() const { return closed_; }  // by the other side
  absl::Status Send(absl::string_view bytes);  // all of them; blocks
  size_t Receive(char* buffer, size_t size);   // 0: nothing now, or closed()

 private:
  RawConnection() = default;

  void* curl_ = nullptr;
  int fd_ = -1;
  bool closed_ = false;
};

std::string HostOfServer(const std::string& server);    // "https://a:1/x" -> "a:1"
std::string PrefixOfServer(const std::string& server);  // "https://a:1/x" -> "/x"
// "Impersonate-Extra-key: value" of "key=value". REQUIRES: an equals sign.
std::string ExtraHeader(const std::string& extra);
// Authorization and Impersonate-* header lines, each with its CRLF.
std::string IdentityHeaders(const Connection& connection, bool with_authorization = true);

}  // namespace kubectl
