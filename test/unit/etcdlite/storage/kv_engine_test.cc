// What both engines promise.
#include "etcdlite/storage/kv_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "etcdlite/storage/kv_engine_rocksdb.h"
#include "etcdlite/storage/mem_engine.h"

namespace etcdlite::storage {
namespace {

class KvEngineTest : public testing::TestWithParam<const char*> {
 protected:
  KvEngineTest() {
    if (GetParam() == std::string("memory")) {
      engine_ = NewMemEngine();
      return;
    }
    char path[] = "/tmp/etcdl-engine-XXXXXX";
    dir_ = ::mkdtemp(path);
    auto opened = OpenRocksDbEngine(dir_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    if (opened.ok()) engine_ = *std::move(opened);
  }
  ~KvEngineTest() override {
    engine_.reset();
    if (!dir_.empty()) std::filesystem::remove_all(dir_);
  }

  static std::string Key(int i) { return absl::StrFormat("k%06d", i); }
  static std::string Value(int i) { return absl::StrFormat("value %d of some length", i * 7); }

  std::string dir_;
  std::unique_ptr<KvEngine> engine_;
};

TEST_P(KvEngineTest, GetManyAnswersEachKeyInItsPlace) {
  ASSERT_NE(engine_, nullptr);
  WriteBatch batch;
  for (int i = 0; i < 3000; ++i) batch.Put(Key(i), Value(i));
  ASSERT_TRUE(engine_->Write(batch).ok());
  ASSERT_TRUE(engine_->Sync().ok());
  batch.clear();
  for (int i = 3000; i < 4000; ++i) batch.Put(Key(i), Value(i));  // not in a file yet
  ASSERT_TRUE(engine_->Write(batch).ok());
  for (const int count : {0, 1, 127, 128, 129, 1000}) {
    SCOPED_TRACE(count);
    std::vector<std::string> keys;
    for (int i = 0; i < count; ++i) keys.push_back(Key(i * 4 - i % 3 + 2));
    std::vector<std::string> got(keys.size());
    const absl::Status status = engine_->GetMany(keys, [&](size_t place, absl::string_view value) { got[place] = std::string(value); });
    EXPECT_TRUE(status.ok()) << status;
    for (int i = 0; i < count; ++i) ASSERT_EQ(got[i], Value(i * 4 - i % 3 + 2)) << i;
  }
}

TEST_P(KvEngineTest, GetManyNeedsEveryKey) {
  ASSERT_NE(engine_, nullptr);
  WriteBatch batch;
  batch.Put("a", "1");
  batch.Put("c", "3");
  ASSERT_TRUE(engine_->Write(batch).ok());
  const std::vector<std::string> keys = {"a", "b", "c"};
  EXPECT_TRUE(absl::IsNotFound(engine_->GetMany(keys, [](size_t, absl::string_view) {})));
}

INSTANTIATE_TEST_SUITE_P(Engines, KvEngineTest, testing::Values("memory", "rocksdb"),
                         [](const auto& engine) { return std::string(engine.param); });

}  // namespace
}  // namespace etcdlite::storage
