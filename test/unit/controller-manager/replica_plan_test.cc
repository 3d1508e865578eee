#include "controller-manager/replicaset/replica_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller-manager/framework/expectations.h"
#include "unit/controller-manager/builders.h"

namespace controller_manager {
namespace {

using testing::ElementsAre;

Labels AppLabels() {
  Labels labels;
  labels["app"] = "web";
  return labels;
}

std::vector<std::string> Names(const std::vector<PodPtr>& pods) {
  std::vector<std::string> names;
  for (const PodPtr& pod : pods) names.push_back(pod->metadata().name());
  return names;
}

TEST(PlanReplicasTest, CreatesWhatIsMissing) {
  const Labels labels = AppLabels();
  EXPECT_EQ(PlanReplicas({3, 0, &labels}, {Share(MakePod("a"))}, {}, kNow).create, 2);
  EXPECT_EQ(PlanReplicas({10000, 0, &labels}, {}, {}, kNow).create, kMaxPodsAtOnce);
}

TEST(PlanReplicasTest, GivesUpTheLeastUsefulFirst) {
  const Labels labels = AppLabels();
  Pod cheap = MakePod("cheap");
  (*cheap.mutable_metadata()->mutable_annotations())["controller.kubernetes.io/pod-deletion-cost"] = "-5";
  Pod restarted = MakePod("restarted", "n2");
  restarted.mutable_status()->add_containerstatuses()->set_restartcount(4);
  const std::vector<PodPtr> pods = {Share(MakePod("old", "n3")),
                                    Share(restarted),
                                    Share(MakePod("young", "n4", true, absl::Minutes(1))),
                                    Share(cheap),
                                    Share(MakePod("unready", "n5", false)),
                                    Share(MakePod("unassigned", "", false))};
  const ReplicaPlan plan = PlanReplicas({1, 0, &labels}, pods, pods, kNow);
  EXPECT_THAT(Names(plan.remove), ElementsAre("unassigned", "unready", "cheap", "young", "restarted"));
}

TEST(PlanReplicasTest, ThinsOutCrowdedNodes) {
  const Labels labels = AppLabels();
  const std::vector<PodPtr> pods = {Share(MakePod("alone", "n1")), Share(MakePod("x", "n2")),
                                    Share(MakePod("y", "n2"))};
  const ReplicaPlan plan = PlanReplicas({2, 0, &labels}, pods, pods, kNow);
  ASSERT_EQ(plan.remove.size(), 1u);
  EXPECT_EQ(plan.remove[0]->spec().nodename(), "n2");
}

TEST(PlanReplicasTest, LooksAgainWhenAReadyPodBecomesAvailable) {
  const Labels labels = AppLabels();
  const ReplicaPlan plan =
      PlanReplicas({1, 30, &labels}, {Share(MakePod("a", "n1", true, absl::Seconds(10)))}, {}, kNow);
  EXPECT_EQ(plan.recheck_at, kNow + absl::Seconds(20));
}

TEST(CountReplicasTest, CountsOnlyLivePods) {
  const Labels labels = AppLabels();
  Pod ending = MakePod("ending");
  SetTime(kNow, ending.mutable_metadata()->mutable_deletiontimestamp());
  Pod failed = MakePod("failed");
  failed.mutable_status()->set_phase("Failed");
  Pod other = MakePod("other", "n1", true, absl::Seconds(5));
  (*other.mutable_metadata()->mutable_labels())["app"] = "db";
  const ReplicaCounts counts = CountReplicas(
      {3, 10, &labels}, {Share(MakePod("a")), Share(MakePod("b", "n1", false)), Share(ending), Share(failed),
                         Share(other)},
      kNow);
  EXPECT_EQ(counts, (ReplicaCounts{3, 2, 2, 1, 1}));
}

TEST(ExpectationsTest, HoldBackUntilSeenOrGivenUp) {
  Expectations expected;
  EXPECT_TRUE(expected.Satisfied("k", kNow));
  expected.ExpectCreations("k", 2, kNow);
  expected.CreationObserved("k");
  EXPECT_FALSE(expected.Satisfied("k", kNow));
  EXPECT_TRUE(expected.Satisfied("k", kNow + absl::Minutes(6)));
  expected.CreationObserved("k");
  EXPECT_TRUE(expected.Satisfied("k", kNow));
  expected.ExpectDeletions("k", {"u1", "u2"}, kNow);
  expected.DeletionObserved("k", "u1");
  expected.DeletionObserved("k", "u1");  // twice: marked, then gone
  EXPECT_FALSE(expected.Satisfied("k", kNow));
  expected.DeletionObserved("k", "u2");
  EXPECT_TRUE(expected.Satisfied("k", kNow));
}

}  // namespace
}  // namespace controller_manager
