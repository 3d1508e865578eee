#include <gtest/gtest.h>

#include "scheduler/cache/cache.h"
#include "scheduler/queue/scheduling_queue.h"
#include "unit/scheduler/builders.h"

namespace scheduler {
namespace {

class QueueTest : public testing::Test {
 protected:
  PodPtr Pod(const std::string& name, int priority = 0) {
    PodInfo pod = MakePod(name);
    pod.priority = priority;
    return std::make_shared<const PodInfo>(pod);
  }
  QueuedPod PopNow() { return *queue_.Pop(); }
  void Fail(QueuedPod pod, const std::string& plugin) {
    pod.rejected_by = {plugin};
    queue_.AddUnschedulable(std::move(pod));
  }

  base::FakeClock clock_;
  SchedulingQueue queue_{{.clock = &clock_}};
};

TEST_F(QueueTest, ImportantFirstThenOldest) {
  queue_.Add(Pod("a"));
  clock_.Advance(absl::Seconds(1));
  queue_.Add(Pod("b"));
  queue_.Add(Pod("c", 5));
  EXPECT_EQ(PopNow().pod->name, "c");
  EXPECT_EQ(PopNow().pod->name, "a");
  EXPECT_EQ(PopNow().pod->name, "b");
}

TEST_F(QueueTest, AnUnschedulablePodSleepsUntilSomethingThatHelps) {
  queue_.Add(Pod("a"));
  Fail(PopNow(), "NodeResourcesFit");
  queue_.Wake(ClusterEvent::kNodeTaints);
  EXPECT_EQ(queue_.sizes().unschedulable, 1u);
  queue_.Wake(ClusterEvent::kPodGone);
  EXPECT_EQ(queue_.sizes().backoff, 1u);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(PopNow().pod->name, "a");
}

TEST_F(QueueTest, AnEventDuringTheAttemptIsNotLost) {
  queue_.Add(Pod("a"));
  QueuedPod pod = PopNow();
  queue_.Wake(ClusterEvent::kNodeAdded);
  Fail(std::move(pod), "NodeResourcesFit");
  EXPECT_EQ(queue_.sizes().unschedulable, 0u);
  EXPECT_EQ(queue_.sizes().backoff, 1u);
}

TEST_F(QueueTest, BackoffDoublesToTenSeconds) {
  queue_.Add(Pod("a"));
  for (const int seconds : {1, 2, 4, 8, 10, 10}) {
    QueuedPod pod = PopNow();
    queue_.AddFailed(std::move(pod));
    clock_.Advance(absl::Seconds(seconds) - absl::Milliseconds(1));
    EXPECT_EQ(queue_.sizes().backoff, 1u);
    clock_.Advance(absl::Milliseconds(1));
  }
}

TEST_F(QueueTest, FiveMinutesWakeEvenTheForgotten) {
  queue_.Add(Pod("a"));
  Fail(PopNow(), "NodeAffinity");
  clock_.Advance(absl::Minutes(5));
  EXPECT_EQ(PopNow().pod->name, "a");
}

TEST_F(QueueTest, APodRemovedInFlightDoesNotComeBack) {
  queue_.Add(Pod("a"));
  QueuedPod pod = PopNow();
  queue_.Remove("uid-a");
  Fail(std::move(pod), "NodeAffinity");
  EXPECT_EQ(queue_.sizes().unschedulable, 0u);
}

TEST_F(QueueTest, WhyPodsComeAndWhoRejectedThemIsCounted) {
  using Move = std::pair<absl::string_view, absl::string_view>;
  queue_.Add(Pod("a"));
  Fail(PopNow(), "NodeResourcesFit");
  ASSERT_EQ(queue_.rejections().size(), 1u);
  EXPECT_EQ(queue_.rejections().begin()->first.first, "NodeResourcesFit");
  queue_.Wake(ClusterEvent::kPodGone);
  EXPECT_TRUE(queue_.rejections().empty());
  clock_.Advance(absl::Seconds(1));
  (void)PopNow();
  EXPECT_EQ(queue_.incoming(), (std::map<Move, uint64_t>{{{"UnschedulablePodAdd", "active"}, 1},
                                                         {{"ScheduleAttemptFailure", "unschedulable"}, 1},
                                                         {{"AssignedPodDelete", "backoff"}, 1},
                                                         {{"BackoffComplete", "active"}, 1}}));
}

TEST(CacheTest, AssumedPodsCountAndMayBeForgotten) {
  Cache cache;
  cache.SetNode(*MakeNode("n")->spec);
  Snapshot snapshot;
  cache.Assume(std::make_shared<const PodInfo>(MakePod("p", 1000)), "n");
  EXPECT_EQ(cache.sizes().assumed, 1u);
  cache.UpdateSnapshot(snapshot);
  EXPECT_EQ(snapshot.Find("n")->requested.milli_cpu, 1000);
  cache.Forget("uid-p");
  cache.UpdateSnapshot(snapshot);
  EXPECT_EQ(snapshot.Find("n")->requested.milli_cpu, 0);
}

TEST(CacheTest, TheConfirmedPodReplacesTheAssumedOne) {
  Cache cache;
  cache.SetNode(*MakeNode("n")->spec);
  cache.Assume(std::make_shared<const PodInfo>(MakePod("p", 1000)), "n");
  PodInfo bound = MakePod("p", 1000);
  bound.node_name = "n";
  cache.SetPod(std::make_shared<const PodInfo>(bound));
  Snapshot snapshot;
  cache.UpdateSnapshot(snapshot);
  EXPECT_EQ(snapshot.Find("n")->requested.milli_cpu, 1000);
  EXPECT_EQ(snapshot.Find("n")->pods.size(), 1u);
}

TEST(CacheTest, ARemovedNodeLeavesTheSnapshotWhilePodsMayLinger) {
  Cache cache;
  cache.SetNode(*MakeNode("a")->spec);
  cache.SetNode(*MakeNode("b")->spec);
  PodInfo pod = MakePod("p", 1000);
  pod.node_name = "a";
  cache.SetPod(std::make_shared<const PodInfo>(pod));
  Snapshot snapshot;
  cache.UpdateSnapshot(snapshot);
  ASSERT_EQ(snapshot.nodes.size(), 2u);
  cache.RemoveNode("a");
  cache.UpdateSnapshot(snapshot);
  ASSERT_EQ(snapshot.nodes.size(), 1u);
  EXPECT_NE(snapshot.Find("b"), nullptr);
  cache.SetNode(*MakeNode("a")->spec);  // it comes back: the pod is still there
  cache.UpdateSnapshot(snapshot);
  EXPECT_EQ(snapshot.Find("a")->requested.milli_cpu, 1000);
}

}  // namespace
}  // namespace scheduler
