// What a member does by the clock: ends leases that ran out, checkpoints long ones, compacts by schedule, publishes
// its own name and addresses, tells idle watches how far they are. One thread.
#pragma once
#include <memory>

#include "etcdlite/server/service_context.h"

namespace etcdlite::server {

class Housekeeping {
 public:
  // `context` must outlive the result. Works at once.
  static std::unique_ptr<Housekeeping> Start(ServiceContext& context, const Retention& retention);
  virtual ~Housekeeping() = default;  // stops
};

}  // namespace etcdlite::server
