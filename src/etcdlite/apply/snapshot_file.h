// The whole state as a stream of bytes: for operators (snapshot save) and for members that lag too far.
//
//   magic "SKSNAP1\n" | (varint key length, key, varint value length, value)* | varint 0 | zero padding to 512
//   | SHA-256 of all that      (the layout of etcd's files: a multiple of 512 bytes, then the digest)
#pragma once
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "etcdlite/raft/raft_types.h"
#include "etcdlite/storage/kv_engine.h"

namespace etcdlite::apply {

// Produces one consistent state in pieces of about 256 KiB.
class SnapshotWriter {
 public:
  explicit SnapshotWriter(storage::KvEngine& engine);
  ~SnapshotWriter();
  absl::StatusOr<std::string> Next();  // empty: the end
  bool done() const;                   // the last piece was given out
  // What the state stands for, from the same view. Known once done().
  uint64_t applied_index() const;
  uint64_t applied_term() const;
  const raft::ConfState& conf() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Reads a snapshot file into an empty engine and makes it durable. DataLoss: damaged or cut short.
absl::Status LoadSnapshotFile(const std::string& path, storage::KvEngine& engine);

// CRC-32C over all keys and values.
absl::StatusOr<uint32_t> HashEngine(const storage::KvEngine& engine);

}  // namespace etcdlite::apply
