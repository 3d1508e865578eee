// The seam to an ordered key-value store: atomic batches, snapshot reads, durable after Sync().
//
// Everything the applied state consists of lives in one engine, told apart by the first byte of the key
// (see key_layout.h). Writes are not durable one by one: the log is, and a restart replays it from the
// applied index that travels in every batch.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace etcdlite::storage {

// Changes that happen together or not at all, in order.
struct WriteBatch {
  struct Op {
    std::string key;
    std::string value;
    bool is_delete = false;
  };
  std::vector<Op> ops;

  void Put(std::string key, std::string value) { ops.push_back({std::move(key), std::move(value), false}); }
  void Delete(std::string key) { ops.push_back({std::move(key), {}, true}); }
  bool empty() const { return ops.empty(); }
  void clear() { ops.clear(); }
};

// Walks keys in byte order over one consistent view. Not thread-safe; must not outlive its engine.
class KvIterator {
 public:
  virtual ~KvIterator() = default;
  virtual bool Valid() const = 0;  // false at the end or after an error, which status() tells
  virtual void Next() = 0;
  virtual absl::string_view key() const = 0;    // until the next Next()
  virtual absl::string_view value() const = 0;  // likewise
  virtual absl::Status status() const = 0;
};

// Thread-safe. A failed Write or Sync is final: the caller stops writing.
class KvEngine {
 public:
  virtual ~KvEngine() = default;
  virtual absl::Status Write(const WriteBatch& batch) = 0;
  // NotFound: no such key. DataLoss: the stored block fails its checksum.
  virtual absl::StatusOr<std::string> Get(absl::string_view key) const = 0;
  // Like Get, but Unavailable instead of waiting for the disk.
  virtual absl::StatusOr<std::string> GetCached(absl::string_view key) const = 0;
  // Many at once, for less than one by one, and past the cache. REQUIRES: `keys` ascend. Calls `each` with the place of
  // a key and its value, which lives as long as the call. NotFound: one of them is missing.
  virtual absl::Status GetMany(absl::Span<const std::string> keys,
                               absl::FunctionRef<void(size_t place, absl::string_view value)> each) const = 0;
  // Keys in [from, to) as of now; `to` empty: to the end.
  virtual std::unique_ptr<KvIterator> Scan(absl::string_view from, absl::string_view to) const = 0;
  virtual absl::Status Sync() = 0;        // all earlier writes are durable when it returns
  virtual absl::Status Defragment() = 0;  // gives free space back; slow
  virtual absl::Status Clear() = 0;       // deletes everything; durable
  virtual uint64_t SizeOnDisk() const = 0;  // bytes of files plus memory not yet written
  virtual uint64_t SizeInUse() const = 0;   // estimate of the live data
};

}  // namespace etcdlite::storage
