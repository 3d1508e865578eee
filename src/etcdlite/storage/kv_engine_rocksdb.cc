#include "etcdlite/storage/kv_engine_rocksdb.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/slice.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace etcdlite::storage {
namespace {

rocksdb::Slice ToSlice(absl::string_view s) { return rocksdb::Slice(s.data(), s.size()); }
absl::string_view ToView(const rocksdb::Slice& s) { return absl::string_view(s.data(), s.size()); }

absl::Status ToStatus(const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  if (status.IsNotFound()) return absl::NotFoundError("no such key");
  if (status.IsIncomplete()) return absl::UnavailableError("not in memory");
  if (status.IsCorruption()) return absl::DataLossError(absl::StrCat("backend: ", status.ToString()));
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(absl::StrCat("backend: ", status.ToString()));
  return absl::InternalError(absl::StrCat("backend: ", status.ToString()));
}

constexpr size_t kGetTogether = 128;  // values held in place at a time

class RocksIterator final : public KvIterator {
 public:
  RocksIterator(rocksdb::DB& db, absl::string_view from, absl::string_view to) : to_(to), to_slice_(to_) {
    rocksdb::ReadOptions options;
    if (!to_.empty()) options.iterate_upper_bound = &to_slice_;
    options.fill_cache = false;  // scans must not push single reads out of the small cache
    it_.reset(db.NewIterator(options));
    it_->Seek(ToSlice(from));
  }
  bool Valid() const override { return it_->Valid(); }
  void Next() override { it_->Next(); }
  absl::string_view key() const override { return ToView(it_->key()); }
  absl::string_view value() const override { return ToView(it_->value()); }
  absl::Status status() const override { return ToStatus(it_->status()); }

 private:
  const std::string to_;
  const rocksdb::Slice to_slice_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

class RocksDbEngine final : public KvEngine {
 public:
  RocksDbEngine(std::string dir, rocksdb::Options options, std::unique_ptr<rocksdb::DB> db)
      : dir_(std::move(dir)), options_(std::move(options)), db_(std::move(db)) {
    write_.disableWAL = true;
  }

  ~RocksDbEngine() override {
    if (db_ != nullptr) db_->Close().PermitUncheckedError();
  }

  absl::Status Write(const WriteBatch& batch) override {
    rocksdb::WriteBatch out;
    for (const WriteBatch::Op& op : batch.ops) {
      const rocksdb::Status added = op.is_delete ? out.Delete(op.key) : out.Put(op.key, op.value);
      if (!added.ok()) return ToStatus(added);
    }
    return ToStatus(db_->Write(write_, &out));
  }

  absl::StatusOr<std::string> Get(absl::string_view key) const override {
    return GetWith(rocksdb::ReadOptions(), key);
  }

  absl::StatusOr<std::string> GetCached(absl::string_view key) const override {
    rocksdb::ReadOptions options;
    options.read_tier = rocksdb::kBlockCacheTier;
    return GetWith(options, key);
  }

  absl::Status GetMany(absl::Span<const std::string> keys,
                       absl::FunctionRef<void(size_t, absl::string_view)> each) const override {
    rocksdb::ReadOptions options;
    options.fill_cache = false;  // as scans
    std::vector<rocksdb::Slice> slices(kGetTogether);
    std::vector<rocksdb::PinnableSlice> values(kGetTogether);
    std::vector<rocksdb::Status> statuses(kGetTogether);
    for (size_t from = 0; from < keys.size(); from += kGetTogether) {
      const size_t count = std::min(kGetTogether, keys.size() - from);
      for (size_t i = 0; i < count; ++i) slices[i] = ToSlice(keys[from + i]);
      db_->MultiGet(options, db_->DefaultColumnFamily(), count, slices.data(), values.data(), statuses.data(),
                    /*sorted_input=*/true);
      for (size_t i = 0; i < count; ++i) {
        if (!statuses[i].ok()) return ToStatus(statuses[i]);
        each(from + i, ToView(values[i]));
        values[i].Reset();
      }
    }
    return absl::OkStatus();
  }

  std::unique_ptr<KvIterator> Scan(absl::string_view from, absl::string_view to) const override {
    return std::make_unique<RocksIterator>(*db_, from, to);
  }

  absl::Status Sync() override {
    rocksdb::FlushOptions options;
    options.wait = true;
    options.allow_write_stall = true;
    return ToStatus(db_->Flush(options));
  }

  absl::Status Defragment() override {
    RETURN_IF_ERROR(Sync());
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    return ToStatus(db_->CompactRange(options, nullptr, nullptr));
  }

  absl::Status Clear() override {
    const std::string last(16, '\xff');
    const rocksdb::Status deleted =
        db_->DeleteRange(write_, db_->DefaultColumnFamily(), rocksdb::Slice(), rocksdb::Slice(last));
    if (!deleted.ok()) return ToStatus(deleted);
    return Sync();
  }

  uint64_t SizeOnDisk() const override {
    return Property(rocksdb::DB::Properties::kTotalSstFilesSize) +
           Property(rocksdb::DB::Properties::kCurSizeAllMemTables);
  }

  uint64_t SizeInUse() const override {
    return Property(rocksdb::DB::Properties::kEstimateLiveDataSize) +
           Property(rocksdb::DB::Properties::kCurSizeAllMemTables);
  }

 private:
  absl::StatusOr<std::string> GetWith(const rocksdb::ReadOptions& options, absl::string_view key) const {
    std::string value;
    const rocksdb::Status got = db_->Get(options, ToSlice(key), &value);
    if (!got.ok()) return ToStatus(got);
    return value;
  }

  uint64_t Property(const std::string& name) const {
    uint64_t value = 0;
    return db_->GetIntProperty(name, &value) ? value : 0;
  }

  const std::string dir_;
  const rocksdb::Options options_;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::WriteOptions write_;
};

rocksdb::Options SmallOptions() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = 8 << 20;  // a flush about every 4,000 objects of 2 kB
  options.max_write_buffer_number = 3;
  options.arena_block_size = 256 << 10;  // default is 1/8 of the buffer, touched at once
  options.max_background_jobs = 2;
  options.max_open_files = 128;
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.max_log_file_size = 1 << 20;
  options.target_file_size_base = 16 << 20;
  options.max_bytes_for_level_base = 64 << 20;
  options.level_compaction_dynamic_level_bytes = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.max_total_wal_size = 0;
  options.compression = rocksdb::kLZ4Compression;
  options.avoid_unnecessary_blocking_io = true;
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  options.max_manifest_file_size = 4 << 20;
  options.enable_pipelined_write = false;
  options.allow_concurrent_memtable_write = false;  // one writer: the apply thread
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;
  table.block_cache = rocksdb::NewLRUCache(8 << 20, 2);
  table.cache_index_and_filter_blocks = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KvEngine>> OpenRocksDbEngine(const std::string& dir) {
  const rocksdb::Options options = SmallOptions();
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(options, dir, &db);
  if (!opened.ok()) return ToStatus(opened);
  return std::make_unique<RocksDbEngine>(dir, options, std::unique_ptr<rocksdb::DB>(db));
}

}  // namespace etcdlite::storage
