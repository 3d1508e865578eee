// A blocking etcd client for one command: several endpoints, tried in turn.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "etcdlite/rpc/rpc_client.h"

namespace google::protobuf {
class MessageLite;
}  // namespace google::protobuf

namespace etcdlite::ctl {

struct ClientOptions {
  std::vector<std::string> endpoints;  // as given: with or without scheme
  rpc::TlsFiles tls;
  absl::Duration timeout = absl::Seconds(5);
  std::string user, password;
};

class Client {
 public:
  explicit Client(ClientOptions options) : options_(std::move(options)) {}

  const ClientOptions& options() const { return options_; }
  // The status carries the server's text; DeadlineExceeded reads "context deadline exceeded", as etcdctl says it.
  absl::Status Call(const std::string& path, const google::protobuf::MessageLite& request, google::protobuf::MessageLite* response);
  // The same to one endpoint.
  absl::Status CallAt(const std::string& endpoint, const std::string& path, const google::protobuf::MessageLite& request,
                      google::protobuf::MessageLite* response);
  // Opens a stream to the first endpoint that can be reached; it lives as long as the client.
  absl::StatusOr<std::shared_ptr<rpc::ClientStream>> Open(const std::string& path, bool limited, rpc::StreamCallbacks callbacks);

 private:
  absl::StatusOr<rpc::Channel*> ChannelTo(const std::string& endpoint);
  absl::StatusOr<rpc::CallOptions> Options(const std::string& endpoint, absl::Duration timeout);

  const ClientOptions options_;
  std::map<std::string, std::unique_ptr<rpc::Channel>> channels_;
  std::string token_;
};

}  // namespace etcdlite::ctl
