#include "controller-manager/disruption/disruption_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller-manager/nodelifecycle/node_ttl.h"
#include "controller-manager/persistentvolume/volume_match.h"
#include "unit/controller-manager/builders.h"

namespace controller_manager {
namespace {

PodDisruptionBudget Budget(const char* min_available, const char* max_unavailable) {
  PodDisruptionBudget budget;
  const auto set = [](k8s::intstr::IntOrString* value, const std::string& text) {
    if (text.back() == '%') {
      value->set_type(1);
      value->set_strval(text);
    } else {
      value->set_intval(std::stoi(text));
    }
  };
  if (min_available != nullptr) set(budget.mutable_spec()->mutable_minavailable(), min_available);
  if (max_unavailable != nullptr) set(budget.mutable_spec()->mutable_maxunavailable(), max_unavailable);
  return budget;
}

TEST(DisruptionTest, CountsWhatMustStay) {
  struct Case {
    const char *min, *max;
    int pods;
    std::map<std::string, int> scales;
    int expected, desired;
  };
  const Case cases[] = {
      {"2", nullptr, 3, {}, 3, 2},
      {"50%", nullptr, 3, {{"a", 5}}, 5, 3},
      {nullptr, "1", 3, {{"a", 4}, {"b", 2}}, 6, 5},
      {nullptr, "30%", 3, {{"a", 10}}, 10, 7},
      {nullptr, "25%", 3, {{"a", 1}}, 1, 0},
      {nullptr, "5", 1, {{"a", 3}}, 3, 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.min ? c.min : "") + "/" + (c.max ? c.max : ""));
    const ExpectedPods got = CountExpected(Budget(c.min, c.max), c.pods, c.scales);
    EXPECT_EQ(got.expected, c.expected);
    EXPECT_EQ(got.desired_healthy, c.desired);
  }
}

TEST(DisruptionTest, AllowsHealthyPodsBeyondTheDesired) {
  PodDisruptionBudget budget = Budget("1", nullptr);
  budget.mutable_metadata()->set_generation(3);
  const std::vector<PodPtr> pods = {Share(MakePod("a")), Share(MakePod("b")), Share(MakePod("c", "n1", false))};
  const DisruptionPlan plan = PlanDisruption(budget, pods, {3, 1}, kNow);
  EXPECT_TRUE(plan.changed);
  EXPECT_EQ(plan.status.currenthealthy(), 2);
  EXPECT_EQ(plan.status.disruptionsallowed(), 1);
  EXPECT_EQ(plan.status.observedgeneration(), 3);
  EXPECT_EQ(plan.status.conditions(0).reason(), "SufficientPods");
  *budget.mutable_status() = plan.status;
  EXPECT_FALSE(PlanDisruption(budget, pods, {3, 1}, kNow + absl::Seconds(5)).changed);
  EXPECT_EQ(PlanDisruption(budget, {}, {0, 0}, kNow).status.conditions(0).reason(), "InsufficientPods");
}

TEST(DisruptionTest, AGrantedEvictionCountsAsGoneForTwoMinutes) {
  PodDisruptionBudget budget = Budget("1", nullptr);
  SetTime(kNow, &(*budget.mutable_status()->mutable_disruptedpods())["a"]);
  const std::vector<PodPtr> pods = {Share(MakePod("a")), Share(MakePod("b"))};
  const DisruptionPlan plan = PlanDisruption(budget, pods, {2, 1}, kNow + absl::Seconds(30));
  EXPECT_EQ(plan.status.currenthealthy(), 1);
  EXPECT_EQ(plan.recheck_in, absl::Seconds(90));
  const DisruptionPlan late = PlanDisruption(budget, pods, {2, 1}, kNow + absl::Minutes(3));
  EXPECT_EQ(late.status.currenthealthy(), 2);
  ASSERT_EQ(late.not_deleted.size(), 1u);
  EXPECT_TRUE(late.status.disruptedpods().empty());
}

TEST(NodeTtlTest, StepsOverlap) {
  int step = 0;
  EXPECT_EQ(TtlSeconds(100, &step), 0);
  EXPECT_EQ(TtlSeconds(101, &step), 15);
  EXPECT_EQ(TtlSeconds(95, &step), 15);
  EXPECT_EQ(TtlSeconds(89, &step), 0);
  EXPECT_EQ(TtlSeconds(5000, &step), 300);
}

class VolumeMatchTest : public testing::Test {
 protected:
  static VolumePtr Volume(const std::string& name, const std::string& size, const std::string& phase = "Available") {
    PersistentVolume volume;
    volume.mutable_metadata()->set_name(name);
    (*volume.mutable_spec()->mutable_capacity())["storage"].set_string(size);
    volume.mutable_spec()->add_accessmodes("ReadWriteOnce");
    volume.mutable_spec()->set_storageclassname("fast");
    volume.mutable_status()->set_phase(phase);
    return std::make_shared<const PersistentVolume>(volume);
  }
  static std::string Name(const VolumePtr& volume) { return volume == nullptr ? "" : volume->metadata().name(); }
  VolumeMatchTest() {
    claim_.mutable_metadata()->set_name("data");
    claim_.mutable_metadata()->set_namespace_("default");
    claim_.mutable_metadata()->set_uid("u1");
    (*claim_.mutable_spec()->mutable_resources()->mutable_requests())["storage"].set_string("2Gi");
    claim_.mutable_spec()->add_accessmodes("ReadWriteOnce");
    claim_.mutable_spec()->set_storageclassname("fast");
  }
  PersistentVolumeClaim claim_;
};

TEST_F(VolumeMatchTest, TakesTheSmallestThatIsLargeEnough) {
  EXPECT_EQ(Name(FindVolume(claim_, {Volume("s", "1Gi"), Volume("l", "9Gi"), Volume("m", "3Gi")}, false)), "m");
  EXPECT_EQ(Name(FindVolume(claim_, {Volume("s", "1Gi")}, false)), "");
  EXPECT_EQ(Name(FindVolume(claim_, {Volume("m", "3Gi", "Released")}, false)), "");
  EXPECT_EQ(Name(FindVolume(claim_, {Volume("m", "3Gi")}, true)), "");
}

TEST_F(VolumeMatchTest, AVolumeThatNamesTheClaimIsItsOwn) {
  PersistentVolume mine = *Volume("mine", "9Gi");
  mine.mutable_spec()->mutable_claimref()->set_name("data");
  mine.mutable_spec()->mutable_claimref()->set_namespace_("default");
  const auto shared = std::make_shared<const PersistentVolume>(mine);
  EXPECT_EQ(Name(FindVolume(claim_, {Volume("m", "3Gi"), shared}, true)), "mine");
  mine.mutable_spec()->mutable_claimref()->set_uid("another");
  EXPECT_EQ(Name(FindVolume(claim_, {std::make_shared<const PersistentVolume>(mine)}, false)), "");
}

TEST_F(VolumeMatchTest, SaysWhyANamedVolumeDoesNotFit) {
  EXPECT_EQ(Mismatch(*Volume("s", "1Gi"), claim_), "requested PV is too small");
  claim_.mutable_spec()->set_storageclassname("slow");
  EXPECT_EQ(Mismatch(*Volume("m", "3Gi"), claim_), "storageClassName does not match");
}

}  // namespace
}  // namespace controller_manager
