// What every verb needs: the resolved connection, one REST client, discovery. Each is made when
// first asked for, so that a verb pays only for what it uses. Owned by main; not thread-safe.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "kubectl/cli/flags.h"
#include "kubectl/cli/streams.h"
#include "kubectl/rest/client.h"
#include "kubectl/rest/discovery.h"
#include "kubectl/rest/kubeconfig.h"

namespace kubectl {

class Factory {
 public:
  explicit Factory(Streams streams) : io(streams) {}

  void AddFlags(FlagSet* globals);

  std::vector<std::string> ConfigFiles() const;
  absl::StatusOr<Kubeconfig> Config() const;
  absl::StatusOr<const Connection*> Resolved();
  absl::StatusOr<RestClient*> Client();
  absl::StatusOr<std::unique_ptr<RestClient>> NewClient();  // for another thread
  absl::StatusOr<Discovery*> Discover();
  absl::StatusOr<std::string> Namespace();

  Streams io;
  ConnectionFlags flags;
  int64_t verbosity = 0;
  bool match_server_version = false, warnings_as_errors = false, disable_compression = false;

 private:
  std::string Home() const;

  std::unique_ptr<Connection> connection_;
  std::unique_ptr<RestClient> client_;
  std::unique_ptr<Discovery> discovery_;
};

}  // namespace kubectl
