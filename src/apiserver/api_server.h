// The daemon put together: store client, cache, registry, policy and the two doors.
#pragma once
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apiserver/flags.h"

namespace apiserver {

class ApiServer {
 public:
  // Connects to the store, reads it, listens, and starts the bootstrap in the background (/readyz tells its end).
  static absl::StatusOr<std::unique_ptr<ApiServer>> Start(const Flags& flags);
  virtual ~ApiServer() = default;
  virtual int port() const = 0;
  virtual void Stop() = 0;  // drains for a moment, then ends. Idempotent.
};

}  // namespace apiserver
