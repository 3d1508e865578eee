// A store in memory with one watcher, for tests of what stands on it.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "apiserver/store/store.h"

namespace apiserver::store {

class FakeStore final : public Store {
 public:
  absl::StatusOr<std::optional<KeyValue>> Get(absl::string_view key, int64_t* revision) override {
    const std::lock_guard lock(mu_);
    if (revision != nullptr) *revision = revision_;
    const auto it = kvs_.find(std::string(key));
    if (it == kvs_.end()) return std::optional<KeyValue>();
    return std::optional<KeyValue>(it->second);
  }
  absl::StatusOr<int64_t> List(absl::string_view prefix, absl::string_view from, int64_t, int64_t,
                               absl::FunctionRef<bool(KeyValue)> each) override {
    const std::lock_guard lock(mu_);
    for (auto it = kvs_.lower_bound(std::string(from.empty() ? prefix : from)); it != kvs_.end(); ++it) {
      if (!absl::StartsWith(it->first, prefix) || !each(it->second)) break;
    }
    return revision_;
  }
  absl::StatusOr<int64_t> Count(absl::string_view, absl::string_view, int64_t) override { return 0; }
  absl::StatusOr<int64_t> Revision() override {
    const std::lock_guard lock(mu_);
    return revision_;
  }
  absl::StatusOr<WriteResult> Create(absl::string_view key, absl::string_view value, int64_t) override {
    return Put(key, value, 0);
  }
  absl::StatusOr<WriteResult> Update(absl::string_view key, absl::string_view value, int64_t expected, int64_t) override {
    absl::StatusOr<WriteResult> result = Put(key, value, expected);
    if (const auto then = std::exchange(after_update, nullptr); then != nullptr) then();
    return result;
  }
  absl::StatusOr<WriteResult> Delete(absl::string_view key, int64_t expected) override {
    const std::lock_guard lock(mu_);
    const auto it = kvs_.find(std::string(key));
    if (it == kvs_.end()) return WriteResult{};
    if (expected != 0 && it->second.mod_revision != expected) {
      WriteResult refused;
      refused.current = it->second;
      return refused;
    }
    kvs_.erase(it);
    Tell({true, {std::string(key), "", ++revision_}});
    return WriteResult{true, revision_, {}};
  }
  absl::StatusOr<int64_t> GrantLease(absl::Duration ttl) override {
    granted.push_back(ttl);
    return static_cast<int64_t>(granted.size());
  }
  std::vector<absl::Duration> granted;  // leases, the first is number 1
  std::unique_ptr<WatchHandle> Watch(std::string, int64_t, WatchSink sink) override {
    const std::lock_guard lock(mu_);
    sink_ = std::move(sink);
    return std::make_unique<Handle>();
  }
  absl::Status Compact(int64_t*, int64_t*) override { return absl::OkStatus(); }

  std::function<void()> after_update;  // once, when the next update is done: what others do in between

  // The watcher is told that what it has not heard is compacted away.
  void LoseHistory() {
    std::function<void()> tell;
    {
      const std::lock_guard lock(mu_);
      tell = std::exchange(sink_.on_compacted, nullptr);
    }
    if (tell) tell();
  }

  // While held, the watcher learns nothing: what stands on this store lags behind it.
  void HoldEvents() {
    const std::lock_guard lock(mu_);
    holds_ = true;
  }

 private:
  struct Handle final : WatchHandle {
    void RequestProgress() override {}
  };
  absl::StatusOr<WriteResult> Put(absl::string_view key, absl::string_view value, int64_t expected) {
    const std::lock_guard lock(mu_);
    const auto it = kvs_.find(std::string(key));
    const int64_t present = it == kvs_.end() ? 0 : it->second.mod_revision;
    WriteResult result;
    if (present != expected) {
      if (present != 0) result.current = it->second;
      return result;
    }
    KeyValue kv{std::string(key), std::string(value), ++revision_};
    kvs_[kv.key] = kv;
    Tell({false, kv});
    result.done = true;
    result.revision = revision_;
    return result;
  }
  void Tell(Event event) {
    if (sink_.on_events && !holds_) sink_.on_events({std::move(event)});
  }

  std::mutex mu_;
  std::map<std::string, KeyValue> kvs_;
  int64_t revision_ = 1;
  WatchSink sink_;
  bool holds_ = false;
};

}  // namespace apiserver::store
