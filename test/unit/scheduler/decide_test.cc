#include "scheduler/framework/decide.h"

#include <gtest/gtest.h>

#include "scheduler/framework/preemption.h"
#include "scheduler/plugins/plugins.h"
#include "unit/scheduler/builders.h"

namespace scheduler {
namespace {

class DecideTest : public testing::Test {
 protected:
  Decision Decide(const PodInfo& pod, const Snapshot& snapshot) {
    return scheduler::Decide(profile_, pod, snapshot, start_, rng_);
  }
  const Profile profile_ = DefaultProfile();
  base::Rng rng_{1};
  size_t start_ = 0;
};

TEST_F(DecideTest, PicksTheNodeWithTheMostCpuLeft) {
  auto busy = MakeNode("busy");
  Put(*busy, MakePod("x", 3000));
  EXPECT_EQ(Decide(MakePod("p", 500), MakeSnapshot({busy, MakeNode("idle")})).node, "idle");
}

TEST_F(DecideTest, EqualNodesShareEvenly) {
  const Snapshot snapshot = MakeSnapshot({MakeNode("a"), MakeNode("b"), MakeNode("c")});
  std::map<std::string, int> counts;
  for (int i = 0; i < 3000; ++i) ++counts[Decide(MakePod("p", 100), snapshot).node];
  for (const auto& [name, count] : counts) EXPECT_NEAR(count, 1000, 120) << name;
}

TEST_F(DecideTest, CountsReasonsInUpstreamsWords) {
  auto tainted = MakeNode("t");
  Edit(*tainted, [](NodeSpec& spec) { spec.taints = {{"a", "b", "NoSchedule"}}; });
  auto cordoned = MakeNode("c");
  Edit(*cordoned, [](NodeSpec& spec) { spec.unschedulable = true; });
  const Snapshot snapshot = MakeSnapshot({MakeNode("n"), tainted, cordoned});
  const PodInfo pod = MakePod("p", 6000);
  const Decision decision = Decide(pod, snapshot);
  EXPECT_EQ(decision.node, "");
  EXPECT_EQ(decision.Message(),
            "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were "
            "unschedulable.");
  EXPECT_EQ(PlanPreemption(profile_, pod, snapshot, decision).message,
            "0/3 nodes are available: 3 Preemption is not helpful for scheduling.");
}

TEST_F(DecideTest, NoNodes) {
  EXPECT_EQ(Decide(MakePod("p"), Snapshot()).Message(), "no nodes available to schedule pods");
}

TEST_F(DecideTest, APlaceMadeByPreemptionIsKeptForItsPod) {
  const auto node = MakeNode("n", 1000);
  Snapshot snapshot = MakeSnapshot({node});
  PodInfo winner = MakePod("winner", 1000);
  winner.priority = 10;
  snapshot.nominated["n"] = {std::make_shared<const PodInfo>(winner)};
  EXPECT_EQ(Decide(MakePod("late", 500), snapshot).node, "");
  EXPECT_EQ(Decide(winner, snapshot).node, "n");
}

PodInfo Important(const std::string& name, int priority, int64_t cpu) {
  PodInfo pod = MakePod(name, cpu);
  pod.priority = priority;
  return pod;
}

TEST_F(DecideTest, PreemptionTakesTheLeastImportantAndAsFewAsPossible) {
  auto first = MakeNode("first", 2000), second = MakeNode("second", 2000);
  Put(*first, Important("mid", 5, 1000));
  Put(*first, Important("low", 1, 1000));
  Put(*second, Important("mid2", 5, 2000));
  const Snapshot snapshot = MakeSnapshot({first, second});
  const PodInfo pod = Important("p", 10, 1000);
  const PreemptionPlan plan = PlanPreemption(profile_, pod, snapshot, Decide(pod, snapshot));
  EXPECT_EQ(plan.node, "first");
  ASSERT_EQ(plan.victims.size(), 1u);
  EXPECT_EQ(plan.victims[0]->name, "low");
}

TEST_F(DecideTest, PreemptionLeavesEqualPriorityAlone) {
  auto node = MakeNode("n", 1000);
  Put(*node, Important("same", 10, 1000));
  const Snapshot snapshot = MakeSnapshot({node});
  const PodInfo pod = Important("p", 10, 1000);
  const PreemptionPlan plan = PlanPreemption(profile_, pod, snapshot, Decide(pod, snapshot));
  EXPECT_EQ(plan.node, "");
  EXPECT_EQ(plan.message, "0/1 nodes are available: 1 No preemption victims found for incoming pod.");
}

}  // namespace
}  // namespace scheduler
