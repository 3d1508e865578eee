#include <map>
#include <set>

#include "apiserver/flowcontrol/default_objects.h"
#include "apiserver/flowcontrol/fair_queues.h"
#include "apiserver/flowcontrol/flow_config.h"
#include "apiserver/flowcontrol/flow_control.h"
#include "apiserver/flowcontrol/retry_after.h"
#include "apiserver/flowcontrol/seats.h"
#include "apiserver/flowcontrol/work_estimate.h"
#include "base/clock.h"
#include "gtest/gtest.h"
#include "unit/apiserver/auth/fake_reader.h"

namespace apiserver::flowcontrol {
namespace {

using apimachinery::Value;
const pipeline::GroupResource kLevels{"flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"},
    kSchemas{"flowcontrol.apiserver.k8s.io", "flowschemas"};
constexpr uint64_t kMix = 0x9E3779B97F4A7C15ull;

FlowConfig Defaults() {
  std::vector<pipeline::ObjectPtr> levels, schemas;
  for (const Value& object : DefaultObjects()) {
    auto& list = object.GetString("kind") == "FlowSchema" ? schemas : levels;
    list.push_back(std::make_shared<const Value>(object));
  }
  return ReadFlowConfig(levels, schemas);
}

pipeline::UserInfo User(const char* name, std::vector<std::string> groups) { return {.name = name, .groups = std::move(groups)}; }

pipeline::RequestInfo Ask(const char* verb, const char* group, const char* resource, const char* ns) {
  pipeline::RequestInfo request;
  request.is_resource_request = true;
  request.verb = verb;
  request.group = group;
  request.resource = resource;
  request.ns = ns;
  return request;
}

TEST(FlowConfig, TheDefaultsSortAsUpstreamDoes) {
  const FlowConfig config = Defaults();
  pipeline::RequestInfo health;
  health.path = "/healthz";
  health.verb = "get";
  const pipeline::UserInfo node = User("system:node:n1", {"system:nodes", "system:authenticated"});
  struct Case {
    pipeline::UserInfo user;
    pipeline::RequestInfo request;
    const char* schema;
  };
  const Case cases[] = {
      {User("admin", {"system:masters", "system:authenticated"}), Ask("list", "", "pods", ""), "exempt"},
      {User("system:anonymous", {"system:unauthenticated"}), health, "probes"},
      {User("system:kube-scheduler", {"system:authenticated"}), Ask("update", "coordination.k8s.io", "leases", "kube-system"),
       "system-leader-election"},
      {node, Ask("update", "coordination.k8s.io", "leases", "kube-node-lease"), "system-node-high"},
      {node, Ask("list", "", "pods", ""), "system-nodes"},
      {User("system:kube-controller-manager", {"system:authenticated"}), Ask("create", "", "pods", "d"), "kube-controller-manager"},
      {User("system:serviceaccount:kube-system:x", {"system:serviceaccounts", "system:authenticated"}), Ask("get", "", "pods", "d"),
       "kube-system-service-accounts"},
      {User("system:serviceaccount:d:x", {"system:serviceaccounts", "system:authenticated"}), Ask("get", "", "pods", "d"),
       "service-accounts"},
      {User("alice", {"system:authenticated"}), Ask("get", "", "pods", "d"), "global-default"},
  };
  for (const Case& c : cases) {
    const FlowSchema* schema = config.Classify(c.user, c.request);
    ASSERT_NE(schema, nullptr) << c.user.name;
    EXPECT_EQ(schema->name, c.schema) << c.user.name;
  }
}

TEST(DivideSeats, FollowsSharesAndKeepsWhatIsNotLent) {
  const FlowConfig config = Defaults();
  const std::vector<LevelSeats> seats = DivideSeats(config.levels, 600);
  std::map<std::string, LevelSeats> by_name;
  for (size_t i = 0; i < seats.size(); ++i) by_name[config.levels[i].name] = seats[i];
  EXPECT_EQ(by_name["workload-low"].nominal, 245);  // as upstream's metric says with its defaults
  EXPECT_EQ(by_name["leader-election"].nominal, 25);
  EXPECT_EQ(by_name["leader-election"].sure, 25);
  EXPECT_EQ(by_name["catch-all"].nominal, 13);
  EXPECT_EQ(by_name["exempt"].nominal, 0);
}

TEST(MayTake, BorrowsWhatOthersDoNotNeedAndNeverWhatIsSure) {
  std::vector<LevelSeats> seats = {{.nominal = 4, .sure = 4, .most = 10}, {.nominal = 6, .sure = 2, .most = 10}};
  EXPECT_TRUE(MayTake(seats, {0, 5}, 10, 1, 1));  // 4 are sure to the other
  EXPECT_FALSE(MayTake(seats, {0, 6}, 10, 1, 1));
  EXPECT_TRUE(MayTake(seats, {0, 6}, 10, 0, 4));
  EXPECT_TRUE(MayTake(seats, {4, 2}, 10, 0, 1));  // borrows
  seats[0].most = 4;
  EXPECT_FALSE(MayTake(seats, {4, 2}, 10, 0, 1));  // may not
}

TEST(DealHand, IsDistinctAndSpread) {
  std::map<int, int> uses;
  for (uint64_t hash = 1; hash < 2000; ++hash) {
    const std::vector<int> hand = DealHand(hash * kMix, 64, 6);
    EXPECT_EQ(std::set<int>(hand.begin(), hand.end()).size(), 6u);
    for (const int card : hand) {
      ASSERT_TRUE(card >= 0 && card < 64);
      ++uses[card];
    }
  }
  for (const auto& [card, count] : uses) EXPECT_NEAR(count, 1999 * 6 / 64, 80) << card;
}

TEST(FairQueues, AFloodDoesNotKeepOthersWaiting) {
  FairQueues queues(8, 2, 50);
  const absl::Time now = absl::FromUnixSeconds(1);
  uint64_t id = 0;
  for (int i = 0; i < 90; ++i) queues.Add(7, {++id, 1, now});  // one flow fills its hand
  const uint64_t others = id;
  int in = 0;
  for (uint64_t flow = 100; flow < 104; ++flow) in += queues.Add(flow * kMix, {++id, 1, now}) ? 1 : 0;
  ASSERT_EQ(in, 4);
  int found = 0;
  for (int i = 0; i < 16; ++i) {  // each busy queue has had its turn by then
    found += queues.Next()->id > others ? 1 : 0;
    queues.PopNext();
  }
  EXPECT_GE(found, 3);
}

TEST(FairQueues, FullQueuesRefuseAndTheLateAreRemoved) {
  FairQueues queues(1, 1, 2);
  EXPECT_TRUE(queues.Add(1, {1, 1, absl::FromUnixSeconds(1)}));
  EXPECT_TRUE(queues.Add(1, {2, 1, absl::FromUnixSeconds(5)}));
  EXPECT_FALSE(queues.Add(1, {3, 1, absl::FromUnixSeconds(5)}));
  EXPECT_EQ(queues.RemoveBefore(absl::FromUnixSeconds(4)), std::vector<uint64_t>{1});
  EXPECT_EQ(queues.Next()->id, 2u);
  EXPECT_TRUE(queues.Remove(2));
  EXPECT_EQ(queues.Next(), nullptr);
  EXPECT_FALSE(FairQueues(0, 0, 0).Add(1, {1, 1, absl::FromUnixSeconds(1)}));
}

TEST(EstimateSeats, ListsPayForWhatTheyHoldAtOnce) {
  const Stored pods{1000, 5'000'000};
  EXPECT_EQ(EstimateSeats(Ask("get", "", "pods", "d"), {}, pods, 10), 1);
  EXPECT_EQ(EstimateSeats(Ask("list", "", "pods", ""), {}, pods, 100), 10);  // from the cache: never more
  EXPECT_EQ(EstimateSeats(Ask("list", "", "pods", ""), {}, pods, 7), 7);
  EXPECT_EQ(EstimateSeats(Ask("list", "", "pods", ""), {.limit = 40}, pods, 100), 2);
  EXPECT_EQ(EstimateSeats(Ask("list", "", "pods", ""), {.from_store = true}, pods, 100), 50);
  EXPECT_EQ(EstimateSeats(Ask("list", "", "pods", ""), {.limit = 40, .selects = true, .from_store = true}, pods, 100), 25);
  EXPECT_EQ(EstimateSeats(Ask("list", "", "pods", ""), {}, {}, 100), 1);
  EXPECT_EQ(EstimateSeats(Ask("watch", "", "pods", ""), {.state = true}, pods, 100), 10);
  EXPECT_EQ(EstimateSeats(Ask("watch", "", "pods", ""), {.state = false}, pods, 100), 1);
}

TEST(EstimateSeats, ParametersSayWhereAListComesFrom) {
  const pipeline::RequestInfo list = Ask("list", "", "pods", ""), watch = Ask("watch", "", "pods", "");
  EXPECT_FALSE(ShapeOf(list, "", "", "", "", false).from_store);
  EXPECT_FALSE(ShapeOf(list, "10", "0", "", "", false).from_store);
  EXPECT_FALSE(ShapeOf(list, "10", "", "", "", false).from_store);
  EXPECT_TRUE(ShapeOf(list, "10", "5", "", "", false).from_store);
  EXPECT_TRUE(ShapeOf(list, "", "5", "Exact", "", false).from_store);
  EXPECT_TRUE(ShapeOf(list, "", "", "", "token", false).from_store);
  EXPECT_TRUE(ShapeOf(watch, "", "0", "", "", false).state);
  EXPECT_FALSE(ShapeOf(watch, "", "5", "", "", false).state);
  EXPECT_TRUE(ShapeOf(watch, "", "5", "", "", true).state);
}

TEST(RetryAfterTest, GrowsWhileManyAreRefusedAndShrinksWhenFewAre) {
  RetryAfter after;
  EXPECT_EQ(after.seconds(), 1);
  const auto refuse = [&](int64_t second, int times) {
    for (int i = 0; i < times; ++i) after.Refused(second);
  };
  refuse(100, 5);
  refuse(101, 1);
  EXPECT_EQ(after.seconds(), 2);
  refuse(101, 9);
  refuse(102, 9);
  EXPECT_EQ(after.seconds(), 2);  // raised a second ago
  refuse(103, 1);
  EXPECT_EQ(after.seconds(), 4);
  refuse(120, 1);
  EXPECT_EQ(after.seconds(), 3);
  for (int64_t second = 130; second < 160; second += 10) refuse(second, 1);
  EXPECT_EQ(after.seconds(), 1);
  for (int64_t second = 200; second < 400; ++second) refuse(second, 100);
  EXPECT_EQ(after.seconds(), 32);
}

class Control : public testing::Test {
 protected:
  Control() {
    reader_.Put(kLevels, R"({"metadata":{"name":"one","uid":"L"},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":1,
        "limitResponse":{"type":"Queue","queuing":{"queues":4,"handSize":1,"queueLengthLimit":2}}}}})");
    reader_.Put(kSchemas, R"({"metadata":{"name":"all","uid":"S"},"spec":{"matchingPrecedence":1,
        "priorityLevelConfiguration":{"name":"one"},"distinguisherMethod":{"type":"ByUser"},
        "rules":[{"subjects":[{"kind":"Group","group":{"name":"*"}}],
                  "resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"namespaces":["*"],"clusterScope":true}]}]}})");
    FlowControlOptions options;
    options.seats = 1;
    options.max_wait = absl::Hours(1);
    options.run = [this](std::function<void()> task) { tasks_.push_back(std::move(task)); };
    flow_ = std::make_unique<FlowControl>(std::move(options), reader_, clock_);
  }
  ~Control() override { flow_->Stop(); }

  void Send(const char* user) {
    FlowVerdict verdict;
    const pipeline::UserInfo who = User(user, {"g"});
    const pipeline::RequestInfo what = Ask("get", "", "pods", "d");
    flow_->Admit({who, what}, &verdict, [this](Seat seat) { seats_.push_back(std::move(seat)); }, [this](int64_t) { ++refused_; });
    EXPECT_EQ(verdict.level_uid, "L");
  }
  void Run() {
    std::vector<std::function<void()>> tasks;
    tasks.swap(tasks_);
    for (auto& task : tasks) task();
  }

  FakeReader reader_;
  base::FakeClock clock_;
  std::vector<std::function<void()>> tasks_;
  int refused_ = 0;
  std::unique_ptr<FlowControl> flow_;
  std::vector<Seat> seats_;
};

TEST_F(Control, WaitsForASeatAndRefusesWhatDoesNotFit) {
  Send("a");
  EXPECT_EQ(seats_.size(), 1u);
  Send("a");
  Send("a");
  Send("a");  // two wait already
  EXPECT_EQ(refused_, 1);
  seats_.clear();  // the first is done
  Run();
  EXPECT_EQ(seats_.size(), 1u);
  flow_->Stop();
  EXPECT_EQ(refused_, 2);  // the last one waiting
}

TEST_F(Control, ALevelThatQueuesNoMoreRefusesWhoWaits) {
  Send("a");
  Send("b");
  reader_.Put(kLevels, R"({"metadata":{"name":"one","uid":"L"},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":1,
        "limitResponse":{"type":"Reject"}}}})");
  Send("c");
  EXPECT_EQ(refused_, 2);
  EXPECT_EQ(seats_.size(), 1u);
}

}  // namespace
}  // namespace apiserver::flowcontrol
