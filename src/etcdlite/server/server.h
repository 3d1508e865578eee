// One etcdlite member: state, raft node, services and ports, put together.
#pragma once
#include <memory>

#include "absl/status/statusor.h"
#include "etcdlite/server/server_options.h"

namespace etcdlite::server {

class Server {
 public:
  // Serves clients when it returns. The status says what to fix.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerFlags& flags);
  virtual ~Server() = default;  // stops
};

}  // namespace etcdlite::server
