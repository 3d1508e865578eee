// Unary gRPC calls over one HTTP/2 connection, for daemons that make thousands of small ones a second: requests that come
// together leave together, and a call costs two hand-overs between threads. Streams are not its business.
//
//   auto channel = base::http::UnaryChannel::Create({.host = "127.0.0.1", .port = 2379, .tls = false});
//   std::string response;
//   const absl::Status status = (*channel)->Call("/etcdserverpb.KV/Range", request, absl::Seconds(5), &response);
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace base::http {

struct UnaryChannelOptions {
  std::string host;
  int port = 443;
  bool tls = true;
  // PEM files; the server's certificate is always checked.
  std::string ca_file, cert_file, key_file;
  absl::Duration connect_timeout = absl::Seconds(2);
};

// Thread-safe. Connects at the first call, and again when the connection was lost.
class UnaryChannel {
 public:
  static absl::StatusOr<std::unique_ptr<UnaryChannel>> Create(UnaryChannelOptions options);
  virtual ~UnaryChannel() = default;  // calls under way end with Unavailable

  // Blocks. `request` and *response are serialized messages. Errors are the server's (code and text), or Unavailable when
  // it was not reached or the connection broke (the call may have been carried out), or DeadlineExceeded.
  virtual absl::Status Call(absl::string_view path, absl::string_view request, absl::Duration timeout,
                            std::string* response) = 0;
  // The same without waiting: `done` is called on the channel's thread, which it must not hold up. `timeout` is told to the
  // server; who does not answer at all is found out by Call.
  virtual void Start(absl::string_view path, absl::string_view request, absl::Duration timeout,
                     std::function<void(absl::Status status, std::string response)> done) = 0;
};

}  // namespace base::http
