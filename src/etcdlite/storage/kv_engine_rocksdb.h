// A KvEngine on RocksDB, tuned for a small footprint: no write-ahead log of its own (raft's log is the log),
// one column family, small write buffers.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "etcdlite/storage/kv_engine.h"

namespace etcdlite::storage {

// Opens or creates the store in `dir`. DataLoss: a file is missing or fails its checksum.
absl::StatusOr<std::unique_ptr<KvEngine>> OpenRocksDbEngine(const std::string& dir);

}  // namespace etcdlite::storage
