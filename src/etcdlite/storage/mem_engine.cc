#include "etcdlite/storage/mem_engine.h"

#include <map>
#include <mutex>

namespace etcdlite::storage {
namespace {

using Data = std::map<std::string, std::string, std::less<>>;

class CopyIterator final : public KvIterator {
 public:
  explicit CopyIterator(Data data) : data_(std::move(data)), at_(data_.begin()) {}
  bool Valid() const override { return at_ != data_.end(); }
  void Next() override { ++at_; }
  absl::string_view key() const override { return at_->first; }
  absl::string_view value() const override { return at_->second; }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  const Data data_;
  Data::const_iterator at_;
};

class MemEngineImpl final : public MemEngine {
 public:
  absl::Status Write(const WriteBatch& batch) override {
    std::lock_guard<std::mutex> lock(mu_);
    for (const WriteBatch::Op& op : batch.ops) {
      if (op.is_delete) {
        data_.erase(op.key);
      } else {
        data_[op.key] = op.value;
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Get(absl::string_view key) const override {
    std::lock_guard<std::mutex> lock(mu_);
    const auto found = data_.find(std::string(key));
    if (found == data_.end()) return absl::NotFoundError("no such key");
    return found->second;
  }

  absl::StatusOr<std::string> GetCached(absl::string_view key) const override { return Get(key); }

  absl::Status GetMany(absl::Span<const std::string> keys,
                       absl::FunctionRef<void(size_t, absl::string_view)> each) const override {
    std::lock_guard<std::mutex> lock(mu_);
    for (size_t i = 0; i < keys.size(); ++i) {
      const auto found = data_.find(keys[i]);
      if (found == data_.end()) return absl::NotFoundError("no such key");
      each(i, found->second);
    }
    return absl::OkStatus();
  }

  std::unique_ptr<KvIterator> Scan(absl::string_view from, absl::string_view to) const override {
    std::lock_guard<std::mutex> lock(mu_);
    const auto first = data_.lower_bound(std::string(from));
    const auto last = to.empty() ? data_.end() : data_.lower_bound(std::string(to));
    return std::make_unique<CopyIterator>(Data(first, last));
  }

  absl::Status Sync() override {
    std::lock_guard<std::mutex> lock(mu_);
    synced_ = data_;
    return absl::OkStatus();
  }

  absl::Status Defragment() override { return absl::OkStatus(); }

  absl::Status Clear() override {
    std::lock_guard<std::mutex> lock(mu_);
    data_.clear();
    synced_.clear();
    return absl::OkStatus();
  }

  uint64_t SizeOnDisk() const override {
    std::lock_guard<std::mutex> lock(mu_);
    uint64_t size = 0;
    for (const auto& [key, value] : data_) size += key.size() + value.size();
    return size;
  }
  uint64_t SizeInUse() const override { return SizeOnDisk(); }

  void LoseUnsynced() override {
    std::lock_guard<std::mutex> lock(mu_);
    data_ = synced_;
  }

 private:
  mutable std::mutex mu_;
  Data data_, synced_;
};

}  // namespace

std::unique_ptr<MemEngine> NewMemEngine() { return std::make_unique<MemEngineImpl>(); }

}  // namespace etcdlite::storage
