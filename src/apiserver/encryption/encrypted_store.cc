#include "apiserver/encryption/encrypted_store.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace apiserver::encryption {
namespace {

using store::KeyValue;
using store::WriteResult;

class EncryptedStore final : public store::Store {
 public:
  EncryptedStore(std::unique_ptr<store::Store> inner, std::shared_ptr<const Configuration> configuration, ReadAgain again,
                 absl::Duration period)
      : inner_(std::move(inner)), configuration_(std::move(configuration)) {
    if (again != nullptr) reader_ = std::thread([this, again = std::move(again), period] { KeepReading(again, period); });
  }
  ~EncryptedStore() override {
    {
      const std::lock_guard lock(mu_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (reader_.joinable()) reader_.join();
  }

  absl::StatusOr<std::optional<KeyValue>> Get(absl::string_view key, int64_t* revision) override {
    ASSIGN_OR_RETURN(std::optional<KeyValue> found, inner_->Get(key, revision));
    if (found.has_value()) RETURN_IF_ERROR(Open(*found));
    return found;
  }
  absl::StatusOr<int64_t> List(absl::string_view prefix, absl::string_view from, int64_t revision, int64_t page,
                               absl::FunctionRef<bool(KeyValue kv)> each) override {
    return inner_->List(prefix, from, revision, page, [&](KeyValue kv) {
      OpenOrTell(kv);
      return each(std::move(kv));
    });
  }
  absl::StatusOr<int64_t> Count(absl::string_view prefix, absl::string_view from, int64_t revision) override {
    return inner_->Count(prefix, from, revision);
  }
  absl::StatusOr<int64_t> Revision() override { return inner_->Revision(); }
  void AskRevision(std::function<void(absl::StatusOr<int64_t>)> answer) override { inner_->AskRevision(std::move(answer)); }

  absl::StatusOr<WriteResult> Create(absl::string_view key, absl::string_view value, int64_t lease) override {
    return Write(key, value, [&](absl::string_view sealed) { return inner_->Create(key, sealed, lease); });
  }
  absl::StatusOr<WriteResult> Update(absl::string_view key, absl::string_view value, int64_t expected, int64_t lease) override {
    return Write(key, value, [&](absl::string_view sealed) { return inner_->Update(key, sealed, expected, lease); });
  }
  absl::StatusOr<WriteResult> Delete(absl::string_view key, int64_t expected) override {
    ASSIGN_OR_RETURN(WriteResult result, inner_->Delete(key, expected));
    if (result.current.has_value()) RETURN_IF_ERROR(Open(*result.current));
    if (result.done) SetStale(key, false);
    return result;
  }
  absl::StatusOr<int64_t> GrantLease(absl::Duration ttl) override { return inner_->GrantLease(ttl); }

  std::unique_ptr<store::WatchHandle> Watch(std::string prefix, int64_t revision, store::WatchSink sink) override {
    sink.on_events = [this, pass = std::move(sink.on_events)](std::vector<store::Event> events) {
      for (store::Event& event : events) {
        if (!event.deleted) {
          OpenOrTell(event.kv);
        } else {
          SetStale(event.kv.key, false);
        }
      }
      pass(std::move(events));
    };
    return inner_->Watch(std::move(prefix), revision, std::move(sink));
  }
  bool Stale(absl::string_view key) const override {
    const std::lock_guard lock(mu_);
    return stale_.contains(key);
  }
  absl::Status Unreadable(absl::string_view key) const override {
    const std::lock_guard lock(mu_);
    if (unreadable_.empty()) return absl::OkStatus();
    const auto found = unreadable_.lower_bound(key);
    if (found == unreadable_.end()) return absl::OkStatus();
    const bool is = absl::EndsWith(key, "/") ? absl::StartsWith(found->first, key) : found->first == key;
    return is ? absl::DataLossError(found->second) : absl::OkStatus();
  }
  std::vector<std::optional<int64_t>> Sizes() override { return inner_->Sizes(); }
  absl::Status Compact(int64_t* version, int64_t* revision) override { return inner_->Compact(version, revision); }

 private:
  std::shared_ptr<const Configuration> Now() const {
    const std::lock_guard lock(mu_);
    return configuration_;
  }

  void SetStale(absl::string_view key, bool stale) {
    const std::lock_guard lock(mu_);
    if (!unreadable_.empty()) unreadable_.erase(std::string(key));
    if (stale) {
      stale_.emplace(key);
    } else if (!stale_.empty()) {
      stale_.erase(key);
    }
  }

  absl::Status Open(KeyValue& kv) {
    const std::shared_ptr<const Configuration> configuration = Now();
    const Transformer* transformer = configuration->FindByKey(kv.key);
    if (transformer == nullptr) return absl::OkStatus();
    absl::StatusOr<Opened> opened = transformer->Open(kv.value, kv.key);
    if (!opened.ok()) {
      return absl::DataLossError(absl::StrCat("unable to transform key ", apimachinery::GoQuote(kv.key), ": ", opened.status().message()));
    }
    kv.value = std::move(opened->plain);
    SetStale(kv.key, opened->stale);
    return absl::OkStatus();
  }

  // What cannot be opened is passed on as it is: nobody can read it, and everything else can be.
  void OpenOrTell(KeyValue& kv) {
    const absl::Status opened = Open(kv);
    if (opened.ok()) return;
    base::LogError("object cannot be decrypted error=", opened.message());
    const std::lock_guard lock(mu_);
    unreadable_[kv.key] = std::string(opened.message());
  }

  template <typename F>
  absl::StatusOr<WriteResult> Write(absl::string_view key, absl::string_view value, F write) {
    const std::shared_ptr<const Configuration> configuration = Now();
    const Transformer* transformer = configuration->FindByKey(key);
    if (transformer == nullptr) return write(value);
    absl::StatusOr<std::string> sealed = transformer->Seal(value, key);
    if (!sealed.ok()) {
      return absl::InternalError(absl::StrCat("unable to transform key ", apimachinery::GoQuote(key), ": ", sealed.status().message()));
    }
    ASSIGN_OR_RETURN(WriteResult result, write(*sealed));
    if (result.done) SetStale(key, false);
    if (result.current.has_value()) RETURN_IF_ERROR(Open(*result.current));
    return result;
  }

  void KeepReading(const ReadAgain& again, absl::Duration period) {
    std::unique_lock lock(mu_);
    while (!wake_.wait_for(lock, absl::ToChronoMilliseconds(period), [this] { return stopping_; })) {
      lock.unlock();
      absl::StatusOr<std::shared_ptr<const Configuration>> read = again();
      lock.lock();
      if (!read.ok()) {
        base::LogError("encryption configuration not reloaded error=", read.status().message());
      } else if (*read != nullptr) {
        configuration_ = *std::move(read);
        base::LogInfo("encryption configuration reloaded");
        lock.unlock();
        const auto look = [&](KeyValue kv) {  // what is written in another way than from now on
          OpenOrTell(kv);
          return true;
        };
        const absl::Status looked = inner_->List("/registry/", "", 0, 500, look).status();
        if (!looked.ok()) base::LogWarning("objects not looked through after the encryption changed error=", looked.message());
        lock.lock();
      }
    }
  }

  const std::unique_ptr<store::Store> inner_;
  mutable std::mutex mu_;
  std::condition_variable wake_;
  bool stopping_ = false;                               // under mu_
  std::shared_ptr<const Configuration> configuration_;  // under mu_
  absl::flat_hash_set<std::string> stale_;              // under mu_
  std::map<std::string, std::string, std::less<>> unreadable_;  // by key, why; under mu_
  std::thread reader_;
};

}  // namespace

std::unique_ptr<store::Store> Encrypt(std::unique_ptr<store::Store> inner, std::shared_ptr<const Configuration> configuration,
                                      ReadAgain again, absl::Duration period) {
  return std::make_unique<EncryptedStore>(std::move(inner), std::move(configuration), std::move(again), period);
}

}  // namespace apiserver::encryption
