#include "etcdlite/mvcc/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/rng.h"
#include "etcdlite/mvcc/errors.h"
#include "etcdlite/mvcc/shared_store.h"
#include "etcdlite/storage/mem_engine.h"

namespace etcdlite::mvcc {
namespace {

using testing::ElementsAre;

class StoreTest : public testing::Test {
 protected:
  StoreTest() : engine_(storage::NewMemEngine()), store_(engine_) {}

  void Put(const std::string& key, const std::string& value, int64_t lease = 0) {
    WriteTxn txn(&store_);
    txn.Put(key, value, lease);
    Finish(txn);
  }
  void Delete(const std::string& key, const std::string& end = "") {
    WriteTxn txn(&store_);
    txn.DeleteRange({key, end});
    Finish(txn);
  }
  void Finish(WriteTxn& txn) {
    storage::WriteBatch batch;
    txn.Finish(&batch);
    ASSERT_TRUE(engine_->Write(batch).ok());
  }
  absl::StatusOr<RangeResult> Range(RangeQuery query) {
    absl::StatusOr<RangeResult> result = store_.PlanRange(query);
    if (result.ok()) {
      EXPECT_TRUE(store_.FetchValues(&*result, true).ok());
    }
    return result;
  }
  std::vector<std::string> Values(const RangeQuery& query) {
    std::vector<std::string> out;
    const auto result = Range(query);
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return out;
    for (const RangeItem& item : result->items) {
      const auto kv = ParseKeyValue(*item.bytes);
      out.push_back(std::string(kv->key) + "=" + std::string(kv->value));
    }
    return out;
  }
  static RangeQuery All() {
    RangeQuery query;
    query.range = {absl::string_view("\0", 1), absl::string_view("\0", 1)};
    return query;
  }

  std::shared_ptr<storage::MemEngine> engine_;
  Store store_;
};

TEST_F(StoreTest, AnEmptyStoreIsAtRevisionOne) { EXPECT_EQ(store_.revision(), 1); }

TEST_F(StoreTest, VersionsCountFromCreation) {
  Put("a", "1");
  Put("a", "2");
  Delete("a");
  Put("a", "3");
  const auto result = Range(All());
  ASSERT_EQ(result->items.size(), 1u);
  EXPECT_EQ(result->items[0].change.create_revision, 5);
  EXPECT_EQ(result->items[0].change.version, 1);
  EXPECT_EQ(store_.revision(), 5);
}

TEST_F(StoreTest, ReadsAtAnyKeptRevision) {
  Put("a", "1");
  Put("a", "2");
  Delete("a");
  RangeQuery query = All();
  query.revision = 2;
  EXPECT_THAT(Values(query), ElementsAre("a=1"));
  query.revision = 3;
  EXPECT_THAT(Values(query), ElementsAre("a=2"));
  query.revision = 4;
  EXPECT_THAT(Values(query), ElementsAre());
  query.revision = 5;
  EXPECT_EQ(Range(query).status(), FutureRevisionError());
}

TEST_F(StoreTest, DeletingNothingTakesNoRevision) {
  Delete("a");
  EXPECT_EQ(store_.revision(), 1);
}

TEST_F(StoreTest, LimitTellsWhetherThereIsMoreAndCountsAll) {
  for (const char* key : {"a", "b", "c"}) Put(key, key);
  RangeQuery query = All();
  query.limit = 2;
  const auto result = Range(query);
  EXPECT_EQ(result->items.size(), 2u);
  EXPECT_TRUE(result->more);
  EXPECT_EQ(result->count, 3);
}

TEST_F(StoreTest, SortsByEveryTarget) {
  Put("a", "3");  // created 2
  Put("b", "1");
  Put("c", "2");
  Put("a", "9");  // version 2, modified 5
  RangeQuery query = All();
  query.order = SortOrder::kDescend;
  EXPECT_THAT(Values(query), ElementsAre("c=2", "b=1", "a=9"));
  query.target = SortTarget::kMod;
  EXPECT_THAT(Values(query), ElementsAre("a=9", "c=2", "b=1"));
  query.target = SortTarget::kVersion;
  query.limit = 1;
  EXPECT_THAT(Values(query), ElementsAre("a=9"));
  query.limit = 0;
  query.target = SortTarget::kValue;
  query.order = SortOrder::kNone;  // a target alone means ascending
  EXPECT_THAT(Values(query), ElementsAre("b=1", "c=2", "a=9"));
}

TEST_F(StoreTest, RevisionBoundsFilterButCountDoesNot) {
  for (const char* key : {"a", "b", "c"}) Put(key, key);
  RangeQuery query = All();
  query.min_mod = 3;
  query.max_mod = 3;
  EXPECT_THAT(Values(query), ElementsAre("b=b"));
  EXPECT_EQ(Range(query)->count, 3);
}

TEST_F(StoreTest, ATransactionSeesItsOwnWrites) {
  Put("a", "1");
  WriteTxn txn(&store_);
  txn.Put("a", "2", 0);
  txn.Put("b", "3", 0);
  RangeQuery query = All();
  const auto seen = txn.Range(query);
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ(seen->items.size(), 2u);
  EXPECT_EQ(seen->revision, 3);
  Finish(txn);
  EXPECT_EQ(store_.revision(), 3);  // one revision for all changes
  EXPECT_THAT(Values(All()), ElementsAre("a=2", "b=3"));
}

TEST_F(StoreTest, CompactionKeepsWhatReadsAtItsRevisionSee) {
  Put("a", "1");
  Put("a", "2");
  Put("b", "1");
  Delete("b");
  storage::WriteBatch batch;
  ASSERT_TRUE(store_.Compact(4, &batch).ok());
  store_.TakeGarbage(100, &batch);
  ASSERT_TRUE(engine_->Write(batch).ok());
  RangeQuery query = All();
  query.revision = 3;
  EXPECT_EQ(Range(query).status(), CompactedError());
  query.revision = 4;
  EXPECT_THAT(Values(query), ElementsAre("a=2", "b=1"));
  EXPECT_EQ(store_.Compact(4, &batch), CompactedError());
  EXPECT_EQ(store_.Compact(99, &batch), FutureRevisionError());
}

TEST_F(StoreTest, LoadingFindsTheSameState) {
  Put("a", "1", 77);
  Put("a", "2", 77);
  Put("b", "1");
  Delete("b");
  storage::WriteBatch batch;
  ASSERT_TRUE(store_.Compact(3, &batch).ok());
  ASSERT_TRUE(engine_->Write(batch).ok());  // the garbage was never collected
  Store again(engine_);
  std::vector<std::pair<int64_t, std::string>> leased;
  ASSERT_TRUE(again.Load([&](int64_t lease, const std::string& key) { leased.push_back({lease, key}); }).ok());
  EXPECT_EQ(again.revision(), store_.revision());
  EXPECT_EQ(again.compacted(), 3);
  EXPECT_TRUE(again.HasGarbage());
  EXPECT_EQ(*again.Hash(0), *store_.Hash(0));
  EXPECT_THAT(leased, ElementsAre(std::pair<int64_t, std::string>(77, "a")));
}

// Against a dumb model: every revision's whole state kept in a map.
TEST_F(StoreTest, AgreesWithAPlainMapUnderRandomWork) {
  base::Rng rng(42);
  std::map<int64_t, std::map<std::string, std::string>> states{{1, {}}};
  std::map<std::string, std::string> now;
  int64_t compacted = 0;
  for (int step = 0; step < 2000; ++step) {
    const std::string key = "k" + std::to_string(rng.Below(20));
    const std::string end = "k" + std::to_string(rng.Below(20));
    switch (rng.Below(10)) {
      case 0:
        Delete(key, key < end ? end : "");
        if (key < end) {
          now.erase(now.lower_bound(key), now.lower_bound(end));
        } else {
          now.erase(key);
        }
        break;
      case 1:
        if (rng.Chance(0.1) && store_.revision() > compacted + 1) {
          compacted += 1 + static_cast<int64_t>(rng.Below(store_.revision() - compacted));
          storage::WriteBatch batch;
          ASSERT_TRUE(store_.Compact(compacted, &batch).ok());
          store_.TakeGarbage(SIZE_MAX, &batch);
          ASSERT_TRUE(engine_->Write(batch).ok());
        }
        break;
      default:
        now[key] = std::to_string(step);
        Put(key, now[key]);
    }
    states[store_.revision()] = now;
    RangeQuery query = All();
    query.revision = std::max<int64_t>(1, compacted) + static_cast<int64_t>(rng.Below(store_.revision() - std::max<int64_t>(1, compacted) + 1));
    std::vector<std::string> want;
    for (const auto& [k, v] : states[query.revision]) want.push_back(k + "=" + v);
    ASSERT_EQ(Values(query), want) << "at revision " << query.revision << ", step " << step;
    if (rng.Chance(0.01)) store_.TrimRecent();
  }
}

TEST(KvCodecTest, RoundTripsAndSkipsUnknownFields) {
  const KeyValueView kv{"key", "value", 3, 5, 2, 9};
  std::string bytes = EncodeKeyValue(kv);
  AppendInt(15, 99, &bytes);
  AppendLengthDelimited(16, "later", &bytes);
  const auto parsed = ParseKeyValue(bytes);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->key, "key");
  EXPECT_EQ(parsed->value, "value");
  EXPECT_EQ(parsed->create_revision, 3);
  EXPECT_EQ(parsed->mod_revision, 5);
  EXPECT_EQ(parsed->version, 2);
  EXPECT_EQ(parsed->lease, 9);
  EXPECT_FALSE(ParseKeyValue("\x0a\x7f").has_value());
}

TEST(RevisionTest, KeysSortAsRevisionsAndTellDeletions) {
  EXPECT_LT(EncodeRevisionKey({1, 9}, false), EncodeRevisionKey({2, 0}, false));
  EXPECT_LT(EncodeRevisionKey({255, 0}, false), EncodeRevisionKey({256, 0}, true));
  const auto decoded = DecodeRevisionKey(EncodeRevisionKey({7, 3}, true));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->revision, (Revision{7, 3}));
  EXPECT_TRUE(decoded->tombstone);
  EXPECT_FALSE(DecodeRevisionKey("kshort").has_value());
}

// A long read in pages at one revision, while keys come and go between the pages.
TEST(SharedStoreTest, EveryPageKnowsHowManyKeysItsRangeHas) {
  const std::shared_ptr<storage::MemEngine> engine = storage::NewMemEngine();
  SharedStore shared(std::make_unique<Store>(engine));
  const auto write = [&](const std::function<void(WriteTxn&)>& change) {
    shared.Write([&](Store& store) {
      WriteTxn txn(&store);
      change(txn);
      storage::WriteBatch batch;
      txn.Finish(&batch);
      ASSERT_TRUE(engine->Write(batch).ok());
      store.TrimRecent();
    });
  };
  const auto key = [](int i) { return "k" + std::to_string(1000 + i); };
  for (int i = 0; i < 100; ++i) write([&](WriteTxn& txn) { txn.Put(key(i), "first", 0); });
  const int64_t then = shared.revision();
  for (const int64_t revision : {then, int64_t{0}}) {
    SCOPED_TRACE(revision);
    std::string from = key(0);
    for (int page = 0; page < 10; ++page) {
      int64_t left = 100 - page * 10;
      if (revision == 0) {  // what it is now: count it the plain way
        shared.Write([&](Store& store) {
          RangeQuery all;
          all.range = {from, "l"};
          left = static_cast<int64_t>(store.PlanRange(all)->items.size());
        });
      }
      RangeQuery query;
      query.range = {from, "l"};
      query.revision = revision;
      query.limit = 10;
      const auto result = shared.Range(query, /*may_block=*/true);
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->count, left);
      EXPECT_EQ(result->more, left > 10);
      ASSERT_EQ(result->items.size(), std::min<size_t>(10, left));
      if (!result->more) break;
      from = std::string(ParseKeyValue(*result->items.back().bytes)->key) + std::string(1, '\0');
      write([&](WriteTxn& txn) { txn.Put(key(95 + page) + "more", "second", 0); });
      write([&](WriteTxn& txn) { txn.DeleteRange({key(90 + page), {}}); });
    }
  }
}

TEST_F(StoreTest, ARangeThatEndsBeforeItBeginsIsEmpty) {
  Put("a", "1");
  Put("b", "2");
  RangeQuery query;
  query.range = {"b", "a"};
  EXPECT_EQ(Range(query)->count, 0);
  EXPECT_THAT(Values(query), ElementsAre());
}

}  // namespace
}  // namespace etcdlite::mvcc
