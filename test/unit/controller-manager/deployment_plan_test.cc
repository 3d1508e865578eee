#include "controller-manager/deployment/deployment_plan.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "controller-manager/framework/template_hash.h"
#include "unit/controller-manager/builders.h"

namespace controller_manager {
namespace {

// Plays the ReplicaSet controller and the API server: plans are applied, pods appear and become ready.
class RolloutTest : public testing::Test {
 protected:
  RolloutTest() {
    auto& d = deployment_;
    d.mutable_metadata()->set_name("web");
    d.mutable_metadata()->set_namespace_("default");
    d.mutable_metadata()->set_uid("uid-web");
    d.mutable_metadata()->set_generation(1);
    d.mutable_spec()->set_replicas(4);
    (*d.mutable_spec()->mutable_selector()->mutable_matchlabels())["app"] = "web";
    (*d.mutable_spec()->mutable_template_()->mutable_metadata()->mutable_labels())["app"] = "web";
    d.mutable_spec()->mutable_template_()->mutable_spec()->add_containers()->set_image("v1");
    d.mutable_spec()->mutable_strategy()->set_type("RollingUpdate");
    auto& rolling = *d.mutable_spec()->mutable_strategy()->mutable_rollingupdate();
    rolling.mutable_maxsurge()->set_type(1);
    rolling.mutable_maxsurge()->set_strval("25%");
    rolling.mutable_maxunavailable()->set_type(1);
    rolling.mutable_maxunavailable()->set_strval("25%");
    d.mutable_spec()->set_progressdeadlineseconds(600);
    d.mutable_spec()->set_revisionhistorylimit(10);
  }

  void SetImage(const std::string& image) {
    deployment_.mutable_spec()->mutable_template_()->mutable_spec()->mutable_containers(0)->set_image(image);
    deployment_.mutable_metadata()->set_generation(deployment_.metadata().generation() + 1);
  }

  DeploymentPlan Plan() {
    DeploymentInput input;
    input.deployment = &deployment_;
    for (const auto& [name, rs] : sets_) input.sets.push_back(std::make_shared<const ReplicaSet>(rs));
    for (const auto& [name, rs] : sets_) input.living_pods[rs.metadata().uid()] = rs.status().replicas();
    input.now = now_;
    return PlanDeployment(input);
  }

  // One round; false when nothing was left to do.
  bool Step() {
    const DeploymentPlan plan = Plan();
    for (const auto& update : plan.updates) {
      sets_[update.set.metadata().name()] = update.set;
      if (!update.event.empty()) events_.push_back(update.event);
    }
    if (plan.create.has_value()) {
      ReplicaSet rs = *plan.create;
      rs.mutable_metadata()->set_uid(absl::StrCat("uid-", rs.metadata().name()));
      SetTime(now_, rs.mutable_metadata()->mutable_creationtimestamp());
      if (!plan.create_event.empty()) events_.push_back(plan.create_event);
      sets_[rs.metadata().name()] = rs;
    }
    for (const std::string& name : plan.remove) sets_.erase(name);
    if (plan.status.has_value()) deployment_ = *plan.status;
    now_ += absl::Seconds(1);
    bool moved = plan.status.has_value() || plan.create.has_value() || !plan.updates.empty();
    return moved | RunPods();
  }

  // Each ReplicaSet has the pods it wants; new ones become available unless the image is bad.
  bool RunPods() {
    bool moved = false;
    for (auto& [name, rs] : sets_) {
      const bool good = rs.spec().template_().spec().containers(0).image() != "bad";
      const int want = rs.spec().replicas(), available = good ? want : 0;
      moved |= rs.status().replicas() != want || rs.status().availablereplicas() != available;
      rs.mutable_status()->set_replicas(want);
      rs.mutable_status()->set_readyreplicas(available);
      rs.mutable_status()->set_availablereplicas(available);
      total_ = std::max(total_, Total());
      least_available_ = std::min(least_available_, Available());
    }
    return moved;
  }
  int Total() const {
    int sum = 0;
    for (const auto& [name, rs] : sets_) sum += rs.spec().replicas();
    return sum;
  }
  int Available() const {
    int sum = 0;
    for (const auto& [name, rs] : sets_) sum += rs.status().availablereplicas();
    return sum;
  }
  int Settle() {
    int steps = 0;
    total_ = Total();
    least_available_ = Available();
    while (steps < 100 && Step()) ++steps;
    return steps;
  }
  const ReplicaSet& SetWithImage(const std::string& image) {
    for (const auto& [name, rs] : sets_) {
      if (rs.spec().template_().spec().containers(0).image() == image) return rs;
    }
    ADD_FAILURE() << "no ReplicaSet with image " << image;
    static const ReplicaSet none;
    return none;
  }

  Deployment deployment_;
  std::map<std::string, ReplicaSet> sets_;
  std::vector<std::string> events_;
  absl::Time now_ = kNow;
  int total_ = 0, least_available_ = 0;
};

TEST_F(RolloutTest, FirstReplicaSetHasFullSizeAndRevisionOne) {
  EXPECT_LT(Settle(), 20);
  ASSERT_EQ(sets_.size(), 1u);
  const ReplicaSet& rs = sets_.begin()->second;
  EXPECT_EQ(rs.spec().replicas(), 4);
  EXPECT_EQ(RevisionOf(rs.metadata()), 1);
  EXPECT_EQ(RevisionOf(deployment_.metadata()), 1);
  EXPECT_EQ(FindCondition(deployment_.status(), "Available")->status(), "True");
  EXPECT_EQ(FindCondition(deployment_.status(), "Progressing")->reason(), "NewReplicaSetAvailable");
  EXPECT_EQ(events_, std::vector<std::string>({"Scaled up replica set " + rs.metadata().name() + " from 0 to 4"}));
}

TEST_F(RolloutTest, NewImageRollsOutWithinSurgeAndUnavailable) {
  Settle();
  SetImage("v2");
  EXPECT_LT(Settle(), 50);
  EXPECT_EQ(SetWithImage("v1").spec().replicas(), 0);
  EXPECT_EQ(SetWithImage("v2").spec().replicas(), 4);
  EXPECT_LE(total_, 5);
  EXPECT_GE(least_available_, 3);
  EXPECT_EQ(RevisionOf(SetWithImage("v2").metadata()), 2);
}

TEST_F(RolloutTest, RollingBackReusesTheOldReplicaSetWithANewRevision) {
  Settle();
  SetImage("v2");
  Settle();
  SetImage("v1");
  Settle();
  EXPECT_EQ(sets_.size(), 2u);
  EXPECT_EQ(SetWithImage("v1").spec().replicas(), 4);
  EXPECT_EQ(RevisionOf(SetWithImage("v1").metadata()), 3);
  EXPECT_EQ(SetWithImage("v1").metadata().annotations().at(kRevisionHistory), "1");
}

TEST_F(RolloutTest, ABadImageStopsTheRolloutAndTimesOut) {
  Settle();
  SetImage("bad");
  Settle();
  EXPECT_GE(Available(), 3);
  EXPECT_GT(SetWithImage("bad").spec().replicas(), 0);
  now_ += absl::Seconds(601);
  Settle();
  EXPECT_EQ(FindCondition(deployment_.status(), "Progressing")->reason(), "ProgressDeadlineExceeded");
  SetImage("v1");
  Settle();
  EXPECT_EQ(SetWithImage("v1").spec().replicas(), 4);
  EXPECT_EQ(SetWithImage("bad").spec().replicas(), 0);
}

TEST_F(RolloutTest, RecreateEndsAllOldPodsFirst) {
  deployment_.mutable_spec()->mutable_strategy()->set_type("Recreate");
  deployment_.mutable_spec()->mutable_strategy()->clear_rollingupdate();
  Settle();
  SetImage("v2");
  EXPECT_LT(Settle(), 50);
  EXPECT_EQ(SetWithImage("v2").spec().replicas(), 4);
  EXPECT_EQ(least_available_, 0);
  EXPECT_LE(total_, 4);
}

TEST_F(RolloutTest, ScalingInTheMiddleKeepsProportions) {
  Settle();
  deployment_.mutable_spec()->set_replicas(10);
  Settle();
  SetImage("bad");
  for (int i = 0; i < 4; ++i) Step();
  const int bad = SetWithImage("bad").spec().replicas(), good = SetWithImage("v1").spec().replicas();
  deployment_.mutable_spec()->set_replicas(20);
  deployment_.mutable_metadata()->set_generation(9);
  Step();
  EXPECT_EQ(Total(), 25);  // 20 and a quarter
  EXPECT_NEAR(SetWithImage("v1").spec().replicas(), good * 25.0 / 13, 1.5);
  EXPECT_GE(SetWithImage("bad").spec().replicas(), bad);
}

TEST_F(RolloutTest, PausedDeploymentScalesButDoesNotRoll) {
  Settle();
  deployment_.mutable_spec()->set_paused(true);
  SetImage("v2");
  deployment_.mutable_spec()->set_replicas(6);
  Settle();
  EXPECT_EQ(sets_.size(), 1u);
  EXPECT_EQ(sets_.begin()->second.spec().replicas(), 6);
  EXPECT_EQ(FindCondition(deployment_.status(), "Progressing")->reason(), "DeploymentPaused");
}

TEST_F(RolloutTest, OldReplicaSetsBeyondTheLimitGo) {
  deployment_.mutable_spec()->set_revisionhistorylimit(1);
  for (const char* image : {"v1", "v2", "v3", "v4"}) {
    SetImage(image);
    Settle();
  }
  for (auto& [name, rs] : sets_) rs.mutable_status()->set_observedgeneration(rs.metadata().generation());
  Settle();
  EXPECT_EQ(sets_.size(), 2u);
}

TEST(TemplateHashTest, StableInUpstreamsAlphabetAndCollisionsChangeIt) {
  k8s::core::v1::PodTemplateSpec a;
  for (const char* key : {"x", "y", "z", "app"}) (*a.mutable_metadata()->mutable_labels())[key] = "1";
  k8s::core::v1::PodTemplateSpec b;
  for (const char* key : {"app", "z", "y", "x"}) (*b.mutable_metadata()->mutable_labels())[key] = "1";
  EXPECT_EQ(TemplateHash(a, std::nullopt), TemplateHash(b, std::nullopt));
  EXPECT_NE(TemplateHash(a, std::nullopt), TemplateHash(a, 1));
  EXPECT_EQ(TemplateHash(a, 1).find_first_not_of("bcdfghjklmnpqrstvwxz2456789"), std::string::npos);
  (*b.mutable_metadata()->mutable_labels())[kPodTemplateHash] = "abc";
  EXPECT_TRUE(SameTemplate(a, b));
  b.mutable_spec()->set_hostnetwork(true);
  EXPECT_FALSE(SameTemplate(a, b));
}

}  // namespace
}  // namespace controller_manager
