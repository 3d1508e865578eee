// A KvEngine in memory, for tests and simulation. Knows what would survive a crash: what was there at the
// last Sync().
#pragma once
#include <memory>

#include "etcdlite/storage/kv_engine.h"

namespace etcdlite::storage {

class MemEngine : public KvEngine {
 public:
  virtual void LoseUnsynced() = 0;  // what a power failure does
};

std::unique_ptr<MemEngine> NewMemEngine();

}  // namespace etcdlite::storage
