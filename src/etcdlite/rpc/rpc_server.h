// The seam to the gRPC server: handlers see request and answer as bytes and never a gRPC header.
//
// Unary handlers run on the server's polling thread and must not block; they answer from any thread, later.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace etcdlite::rpc {

// One call waiting for its answer. Reply exactly once; the call is gone afterwards.
class UnaryCall {
 public:
  virtual ~UnaryCall() = default;
  virtual const std::string& request() const = 0;
  virtual std::string Metadata(absl::string_view key) const = 0;  // "" when absent
  virtual std::string PeerCommonName() const = 0;                 // of the client certificate; "" without
  virtual void Reply(absl::StatusOr<std::string> response) = 0;   // status codes go out as they are
};

// The server's side of a stream. Thread-safe. Messages queue without bound: look at QueuedBytes().
class Stream {
 public:
  virtual ~Stream() = default;
  virtual std::string Metadata(absl::string_view key) const = 0;
  virtual std::string PeerCommonName() const = 0;
  virtual void Enqueue(std::string message) = 0;  // does not start sending
  virtual void Kick() = 0;                        // starts sending what is queued
  virtual size_t QueuedBytes() const = 0;
  virtual void Finish(absl::Status status) = 0;   // once; after what is queued
};

// The handler's side. Calls come one at a time.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  virtual void OnMessage(std::string message) = 0;
  virtual void OnHalfClose() = 0;  // the client says no more
  virtual void OnDone() = 0;       // last call: the stream is over, for whatever reason
};

struct Method {
  std::string path;  // "/etcdserverpb.KV/Range"
  std::function<void(UnaryCall*)> unary;
  std::function<std::unique_ptr<StreamHandler>(std::shared_ptr<Stream>)> stream;
  int prefetch = 1;  // calls taken from the network ahead
};

struct TlsFiles {
  std::string certificate, key, trusted_ca;  // PEM files
  bool require_client_certificate = false;
};

struct ListenAddress {
  std::string host_port;
  bool tls = false;
};

struct ServerOptions {
  std::vector<ListenAddress> listen;
  TlsFiles tls;
  size_t max_request_bytes = 2 << 20;
  int polling_threads = 1;
};

class RpcServer {
 public:
  // InvalidArgument: unreadable certificates. Unavailable: an address cannot be bound; the message names it.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(const ServerOptions& options, std::vector<Method> methods);
  virtual ~RpcServer() = default;  // stops
  virtual void Stop() = 0;         // ends all calls; no handler runs afterwards
};

// "http://host:port" or "https://host:port". InvalidArgument otherwise.
absl::StatusOr<ListenAddress> ParseUrl(absl::string_view url);

}  // namespace etcdlite::rpc
