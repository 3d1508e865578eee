// The seam to gRPC clients: paths and bytes, no generated stubs, no gRPC headers.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "etcdlite/rpc/rpc_server.h"

namespace etcdlite::rpc {

struct CallOptions {
  absl::Duration timeout = absl::InfiniteDuration();
  std::map<std::string, std::string> metadata;
  bool wait_for_ready = false;  // queue until the server can be reached, within the timeout
};

// The client's side of a stream. Thread-safe.
class ClientStream {
 public:
  virtual ~ClientStream() = default;
  virtual void Send(std::string message) = 0;  // queues without bound: look at QueuedBytes()
  virtual size_t QueuedBytes() const = 0;
  virtual void HalfClose() = 0;                // no more messages; what is queued still goes
  virtual void Cancel() = 0;
};

struct StreamCallbacks {
  std::function<void(std::string)> on_message;  // one at a time
  std::function<void(absl::Status)> on_done;    // last call
};

// One server, several connections under the hood. Thread-safe.
class Channel {
 public:
  // `url`: http(s)://host:port. TLS files are used for https; an empty trusted_ca means the system's roots.
  static absl::StatusOr<std::unique_ptr<Channel>> Open(const std::string& url, const TlsFiles& tls);
  virtual ~Channel() = default;
  virtual void Call(const std::string& path, std::string request, const CallOptions& options,
                    std::function<void(absl::StatusOr<std::string>)> done) = 0;
  virtual std::shared_ptr<ClientStream> OpenStream(const std::string& path, const CallOptions& options,
                                                   StreamCallbacks callbacks) = 0;
  absl::StatusOr<std::string> CallAndWait(const std::string& path, std::string request, const CallOptions& options);
};

}  // namespace etcdlite::rpc
