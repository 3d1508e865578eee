#include "etcdlite/mvcc/watch_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/watch.pb.h"
#include "etcdlite/storage/mem_engine.h"

namespace etcdlite::mvcc {
namespace {

class Sink final : public WatchSink {
 public:
  void Enqueue(std::string response) override {
    etcdserverpb::WatchResponse parsed;
    ASSERT_TRUE(parsed.ParseFromString(response));
    responses.push_back(parsed);
  }
  size_t QueuedBytes() const override { return queued; }
  void Kick() override { ++kicks; }
  std::vector<int64_t> Revisions() const {
    std::vector<int64_t> out;
    for (const auto& response : responses) {
      for (const auto& event : response.events()) out.push_back(event.kv().mod_revision());
    }
    return out;
  }
  std::vector<etcdserverpb::WatchResponse> responses;
  size_t queued = 0;
  int kicks = 0;
};

class WatchHubTest : public testing::Test {
 protected:
  WatchHubTest()
      : engine_(storage::NewMemEngine()), store_(std::make_unique<Store>(engine_)),
        hub_(store_, [](int64_t revision) {
          std::string out;
          AppendInt(3, revision, &out);
          return out;
        }, 1 << 20),
        sink_(std::make_shared<Sink>()) {}

  void Write(const std::function<void(WriteTxn&)>& work, bool publish = true) {
    CommitPtr commit;
    storage::WriteBatch batch;
    store_.Write([&](Store& store) {
      WriteTxn txn(&store);
      work(txn);
      commit = txn.Finish(&batch);
    });
    ASSERT_TRUE(engine_->Write(batch).ok());
    if (publish && commit != nullptr) hub_.Publish({commit});
    unpublished_ = publish ? nullptr : commit;
  }
  void Put(const std::string& key, const std::string& value, bool publish = true) {
    Write([&](WriteTxn& txn) { txn.Put(key, value, 0); }, publish);
  }
  static WatchOptions On(const std::string& key, const std::string& end = "", int64_t from = 0) {
    WatchOptions options;
    options.key = key;
    options.end = end;
    options.start_revision = from;
    return options;
  }
  void CatchUp() {
    while (hub_.CatchUp()) {
    }
  }

  std::shared_ptr<storage::MemEngine> engine_;
  SharedStore store_;
  WatchHub hub_;
  std::shared_ptr<Sink> sink_;
  CommitPtr unpublished_;
};

TEST_F(WatchHubTest, NewWatchesSeeOnlyWhatComesLater) {
  Put("a", "1");
  hub_.Create(sink_, On("a"));
  ASSERT_EQ(sink_->responses.size(), 1u);
  EXPECT_TRUE(sink_->responses[0].created());
  EXPECT_EQ(sink_->responses[0].header().revision(), 2);
  Put("b", "1");
  Put("a", "2");
  EXPECT_THAT(sink_->Revisions(), testing::ElementsAre(4));
}

TEST_F(WatchHubTest, LateWatchesGetHistoryThenLiveEventsOnceEach) {
  for (int i = 0; i < 5; ++i) Put("a", std::to_string(i));
  hub_.Create(sink_, On("a", "", 3));
  Put("a", "live");  // before it caught up
  CatchUp();
  Put("a", "more");
  EXPECT_THAT(sink_->Revisions(), testing::ElementsAre(3, 4, 5, 6, 7, 8));
}

TEST_F(WatchHubTest, AWatchMadeBetweenStoreAndPublishMissesNothingAndRepeatsNothing) {
  Put("a", "1", /*publish=*/false);
  const CommitPtr commit = unpublished_;
  hub_.Create(sink_, On("a", "", 2));
  CatchUp();
  hub_.Publish({commit});
  Put("a", "2");
  EXPECT_THAT(sink_->Revisions(), testing::ElementsAre(2, 3));
}

TEST_F(WatchHubTest, CompactedHistoryCancelsWithTheRevisionToStartFrom) {
  for (int i = 0; i < 5; ++i) Put("a", std::to_string(i));
  store_.Write([](Store& store) {
    storage::WriteBatch batch;
    ASSERT_TRUE(store.Compact(4, &batch).ok());
  });
  hub_.Create(sink_, On("a", "", 2));
  CatchUp();
  ASSERT_EQ(sink_->responses.size(), 2u);
  EXPECT_TRUE(sink_->responses[1].canceled());
  EXPECT_EQ(sink_->responses[1].compact_revision(), 4);
  EXPECT_EQ(hub_.watchers(), 0u);
}

TEST_F(WatchHubTest, FiltersAndPreviousValues) {
  WatchOptions options = On("a");
  options.no_put = true;
  options.prev_kv = true;
  hub_.Create(sink_, options);
  Put("a", "1");
  Write([](WriteTxn& txn) { txn.DeleteRange({"a", {}}); });
  ASSERT_EQ(sink_->responses.size(), 2u);
  const mvccpb::Event& event = sink_->responses[1].events(0);
  EXPECT_EQ(event.type(), mvccpb::Event::DELETE);
  EXPECT_EQ(event.prev_kv().value(), "1");
  EXPECT_EQ(event.kv().mod_revision(), 3);
}

TEST_F(WatchHubTest, ASlowStreamFallsBackToHistoryAndLosesNothing) {
  hub_.Create(sink_, On("a", "z"));
  sink_->queued = 64 << 20;
  Put("a", "1");
  Put("b", "2");
  EXPECT_TRUE(hub_.HasUnsynced());
  hub_.CatchUp();
  EXPECT_TRUE(sink_->Revisions().empty());
  sink_->queued = 0;
  CatchUp();
  Put("c", "3");
  EXPECT_THAT(sink_->Revisions(), testing::ElementsAre(2, 3, 4));
}

TEST_F(WatchHubTest, ProgressIsToldWhenAllWatchesOfTheStreamHaveComeThatFar) {
  Put("a", "1");
  hub_.Create(sink_, On("a", "", 2));
  hub_.RequestProgress(sink_);
  EXPECT_EQ(sink_->responses.size(), 1u);  // the watch is behind
  CatchUp();
  ASSERT_EQ(sink_->responses.size(), 3u);
  EXPECT_EQ(sink_->responses[2].watch_id(), -1);
  EXPECT_EQ(sink_->responses[2].header().revision(), 2);
}

TEST_F(WatchHubTest, WatchIdsAreChosenOrTakenAndNeverDoubled) {
  hub_.Create(sink_, On("a"));
  hub_.Create(sink_, On("b"));
  EXPECT_EQ(sink_->responses[1].watch_id(), 1);
  WatchOptions taken = On("c");
  taken.watch_id = 1;
  hub_.Create(sink_, taken);
  EXPECT_TRUE(sink_->responses[2].canceled());
  hub_.Cancel(sink_, 1);
  EXPECT_TRUE(sink_->responses[3].canceled());
  Put("b", "1");
  EXPECT_TRUE(sink_->Revisions().empty());
}

TEST_F(WatchHubTest, LargeAnswersComeInFragmentsWhenAsked) {
  WatchOptions options = On("a", "z");
  options.fragment = true;
  hub_.Create(sink_, options);
  Write([](WriteTxn& txn) {
    for (int i = 0; i < 5; ++i) txn.Put("k" + std::to_string(i), std::string(400 << 10, 'x'), 0);
  });
  ASSERT_GT(sink_->responses.size(), 2u);
  for (size_t i = 1; i + 1 < sink_->responses.size(); ++i) EXPECT_TRUE(sink_->responses[i].fragment());
  EXPECT_FALSE(sink_->responses.back().fragment());
  EXPECT_EQ(sink_->Revisions().size(), 5u);
}

}  // namespace
}  // namespace etcdlite::mvcc
