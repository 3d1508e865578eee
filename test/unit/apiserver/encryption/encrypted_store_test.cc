#include "apiserver/encryption/encrypted_store.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace apiserver::encryption {
namespace {

// Keys, values and revisions of one process.
class MemoryStore final : public store::Store {
 public:
  absl::StatusOr<std::optional<store::KeyValue>> Get(absl::string_view key, int64_t*) override {
    const auto it = values_.find(std::string(key));
    if (it == values_.end()) return std::nullopt;
    return it->second;
  }
  absl::StatusOr<int64_t> List(absl::string_view prefix, absl::string_view, int64_t, int64_t,
                               absl::FunctionRef<bool(store::KeyValue kv)> each) override {
    for (const auto& [key, kv] : values_) {
      if (absl::StartsWith(key, prefix) && !each(kv)) break;
    }
    return revision_;
  }
  absl::StatusOr<int64_t> Count(absl::string_view, absl::string_view, int64_t) override { return static_cast<int64_t>(values_.size()); }
  absl::StatusOr<int64_t> Revision() override { return revision_; }
  absl::StatusOr<store::WriteResult> Create(absl::string_view key, absl::string_view value, int64_t) override { return Put(key, value); }
  absl::StatusOr<store::WriteResult> Update(absl::string_view key, absl::string_view value, int64_t expected, int64_t) override {
    if (values_.at(std::string(key)).mod_revision != expected) return store::WriteResult{false, revision_, values_.at(std::string(key))};
    return Put(key, value);
  }
  absl::StatusOr<store::WriteResult> Delete(absl::string_view key, int64_t) override {
    values_.erase(std::string(key));
    return store::WriteResult{true, ++revision_, std::nullopt};
  }
  absl::StatusOr<int64_t> GrantLease(absl::Duration) override { return 1; }
  std::unique_ptr<store::WatchHandle> Watch(std::string, int64_t, store::WatchSink sink) override {
    sink_ = std::move(sink);
    return nullptr;
  }
  absl::Status Compact(int64_t*, int64_t*) override { return absl::OkStatus(); }

  store::WriteResult Put(absl::string_view key, absl::string_view value) {
    values_[std::string(key)] = {std::string(key), std::string(value), ++revision_};
    return {true, revision_, std::nullopt};
  }
  std::map<std::string, store::KeyValue> values_;
  store::WatchSink sink_;
  int64_t revision_ = 0;
};

constexpr char kKey[] = "/registry/secrets/default/x";

std::shared_ptr<const Configuration> WithKeys(absl::string_view names) {
  std::string keys;
  for (const char name : names) {
    absl::StrAppend(&keys, "{name: '", std::string(1, name), "', secret: '", name == 'a' ? "MDEyMzQ1Njc4OWFiY2RlZg==" : "ZmVkY2JhOTg3NjU0MzIxMA==", "'},");
  }
  auto read = Configuration::Read(absl::StrCat("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: "
                                               "[secrets]\n  providers: [{aesgcm: {keys: [", keys, "]}}]\n"),
                                  "FILE", nullptr);
  EXPECT_TRUE(read.ok()) << read.status();
  return *read;
}

struct Fixture {
  explicit Fixture(absl::string_view keys, ReadAgain again = nullptr, absl::Duration period = absl::Minutes(1)) {
    auto memory = std::make_unique<MemoryStore>();
    inner = memory.get();
    store = Encrypt(std::move(memory), WithKeys(keys), std::move(again), period);
  }
  MemoryStore* inner;
  std::unique_ptr<store::Store> store;
};

TEST(EncryptedStoreTest, ValuesAreSealedBelowAndPlainAbove) {
  Fixture f("a");
  ASSERT_TRUE(f.store->Create(kKey, "plain", 0).ok());
  ASSERT_TRUE(f.store->Create("/registry/pods/default/x", "pod", 0).ok());
  EXPECT_TRUE(absl::StartsWith(f.inner->values_[kKey].value, "k8s:enc:aesgcm:v1:a:"));
  EXPECT_EQ(f.inner->values_["/registry/pods/default/x"].value, "pod");
  EXPECT_EQ((*f.store->Get(kKey, nullptr))->value, "plain");
  std::string listed;
  ASSERT_TRUE(f.store->List("/registry/", "", 0, 10, [&](store::KeyValue kv) { absl::StrAppend(&listed, kv.value, " "); return true; }).ok());
  EXPECT_EQ(listed, "pod plain ");
  std::string seen;
  store::WatchSink sink;
  sink.on_events = [&](std::vector<store::Event> events) { seen = events[0].kv.value; };
  (void)f.store->Watch("/registry/", 0, std::move(sink));
  f.inner->sink_.on_events({{false, f.inner->values_[kKey]}});
  EXPECT_EQ(seen, "plain");
  const auto conflict = f.store->Update(kKey, "other", 77, 0);
  EXPECT_FALSE(conflict->done);
  EXPECT_EQ(conflict->current->value, "plain");
}

TEST(EncryptedStoreTest, WhatAnotherKeyWroteIsStaleUntilItIsWritten) {
  Fixture f("ab");
  ASSERT_TRUE(f.store->Create(kKey, "plain", 0).ok());
  const std::string written = f.inner->values_[kKey].value;
  Fixture later("ba");
  later.inner->Put(kKey, written);
  EXPECT_FALSE(later.store->Stale(kKey));  // nobody has looked yet
  EXPECT_EQ((*later.store->Get(kKey, nullptr))->value, "plain");
  EXPECT_TRUE(later.store->Stale(kKey));
  ASSERT_TRUE(later.store->Update(kKey, "plain", 1, 0)->done);
  EXPECT_FALSE(later.store->Stale(kKey));
}

TEST(EncryptedStoreTest, WhatCannotBeOpenedIsToldOf) {
  Fixture f("a");
  f.inner->Put(kKey, "k8s:enc:aesgcm:v1:z:xxxx");
  constexpr char kWhy[] =
      "unable to transform key \"/registry/secrets/default/x\": no matching key was found for the provided AES-GCM transformer";
  EXPECT_EQ(f.store->Get(kKey, nullptr).status(), absl::DataLossError(kWhy));
  EXPECT_TRUE(f.store->Unreadable(kKey).ok());
  ASSERT_TRUE(f.store->List("/registry/", "", 0, 10, [](store::KeyValue) { return true; }).ok());
  EXPECT_EQ(f.store->Unreadable(kKey), absl::DataLossError(kWhy));
  EXPECT_EQ(f.store->Unreadable("/registry/secrets/"), absl::DataLossError(kWhy));
  EXPECT_TRUE(f.store->Unreadable("/registry/secrets/other/").ok());
  EXPECT_TRUE(f.store->Unreadable("/registry/secrets/default").ok());
  ASSERT_TRUE(f.store->Delete(kKey, 1).ok());
  EXPECT_TRUE(f.store->Unreadable("/registry/secrets/").ok());
}

TEST(EncryptedStoreTest, AChangedFileIsInForceWithoutARestart) {
  std::mutex mu;
  std::condition_variable turned;
  bool change = false, done = false;
  Fixture f("a", [&]() -> absl::StatusOr<std::shared_ptr<const Configuration>> {
    const std::lock_guard lock(mu);
    if (!change || done) {  // the second look comes after the first one was taken in
      turned.notify_all();
      if (done) change = false;
      return std::shared_ptr<const Configuration>();
    }
    done = true;
    return WithKeys("ba");
  }, absl::Milliseconds(1));
  ASSERT_TRUE(f.store->Create(kKey, "plain", 0).ok());
  {
    std::unique_lock lock(mu);
    change = true;
    turned.wait(lock, [&] { return done && !change; });
  }
  EXPECT_TRUE(f.store->Stale(kKey));
  ASSERT_TRUE(f.store->Update(kKey, "plain", 1, 0)->done);
  EXPECT_TRUE(absl::StartsWith(f.inner->values_[kKey].value, "k8s:enc:aesgcm:v1:b:"));
}

}  // namespace
}  // namespace apiserver::encryption
