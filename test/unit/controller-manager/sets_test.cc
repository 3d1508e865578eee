#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "controller-manager/daemonset/daemonset_plan.h"
#include "controller-manager/history/revisions.h"
#include "controller-manager/statefulset/statefulset_plan.h"
#include "unit/controller-manager/builders.h"

namespace controller_manager {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

NodePtr MakeNode(const std::string& name, const std::string& taint = "", const std::string& effect = "NoSchedule") {
  Node node;
  node.mutable_metadata()->set_name(name);
  if (!taint.empty()) {
    auto& t = *node.mutable_spec()->add_taints();
    t.set_key(taint);
    t.set_effect(effect);
  }
  return std::make_shared<const Node>(node);
}

DaemonSet MakeDaemonSet() {
  DaemonSet set;
  set.mutable_metadata()->set_name("agent");
  set.mutable_metadata()->set_namespace_("default");
  set.mutable_metadata()->set_uid("uid-agent");
  set.mutable_spec()->mutable_updatestrategy()->set_type("RollingUpdate");
  set.mutable_spec()->mutable_updatestrategy()->mutable_rollingupdate()->mutable_maxunavailable()->set_intval(1);
  return set;
}

PodPtr DaemonPod(const std::string& name, const std::string& node, const std::string& hash, bool ready = true) {
  Pod pod = MakePod(name, node, ready);
  (*pod.mutable_metadata()->mutable_labels())[kRevisionHash] = hash;
  return Share(pod);
}

TEST(DaemonSetTest, OnePodOnEveryNodeThatFits) {
  const DaemonSet set = MakeDaemonSet();
  const std::vector<NodePtr> nodes = {MakeNode("a"), MakeNode("b", "team"),
                                      MakeNode("c", "node.kubernetes.io/unschedulable"),
                                      MakeNode("d", "node.kubernetes.io/unreachable", "NoExecute")};
  const DaemonPlan plan = PlanDaemons(set, nodes, {}, "h", kNow);
  EXPECT_THAT(plan.create, ElementsAre("a", "c", "d"));
  EXPECT_EQ(plan.status.desirednumberscheduled(), 3);
}

TEST(DaemonSetTest, ANewTaintKeepsRunningPodsUnlessItIsNoExecute) {
  const DaemonSet set = MakeDaemonSet();
  EXPECT_THAT(PlanDaemons(set, {MakeNode("a", "team")}, {DaemonPod("p", "a", "h")}, "h", kNow).remove, IsEmpty());
  EXPECT_EQ(
      PlanDaemons(set, {MakeNode("a", "team", "NoExecute")}, {DaemonPod("p", "a", "h")}, "h", kNow).remove.size(), 1u);
}

TEST(DaemonSetTest, RollsOneNodeAtATime) {
  const DaemonSet set = MakeDaemonSet();
  const std::vector<NodePtr> nodes = {MakeNode("a"), MakeNode("b")};
  EXPECT_EQ(PlanDaemons(set, nodes, {DaemonPod("p", "a", "old"), DaemonPod("q", "b", "old")}, "new", kNow).remove.size(),
            1u);
  EXPECT_THAT(
      PlanDaemons(set, nodes, {DaemonPod("p", "a", "new", false), DaemonPod("q", "b", "old")}, "new", kNow).remove,
      IsEmpty());
}

TEST(DaemonSetTest, PodsArePinnedToTheirNode) {
  const Pod pod = MakeDaemonPod(MakeDaemonSet(), "a", "h");
  EXPECT_EQ(TargetNode(pod), "a");
  EXPECT_EQ(pod.metadata().labels().at(kRevisionHash), "h");
  EXPECT_EQ(pod.spec().tolerations_size(), 6);
}

class StatefulSetTest : public testing::Test {
 protected:
  StatefulSetTest() {
    set_.mutable_metadata()->set_name("db");
    set_.mutable_metadata()->set_namespace_("default");
    set_.mutable_spec()->set_replicas(3);
    set_.mutable_spec()->set_servicename("db");
    set_.mutable_spec()->mutable_updatestrategy()->set_type("RollingUpdate");
  }
  void Add(int ordinal, const std::string& revision = "r1", bool ready = true) {
    Pod pod = MakePod(absl::StrCat("db-", ordinal), "n1", ready);
    (*pod.mutable_metadata()->mutable_labels())[kRevisionHash] = revision;
    pods_.push_back(Share(pod));
  }
  StatefulPlan Plan(const std::string& current = "r1", const std::string& update = "r1") {
    return PlanStatefulSet({&set_, pods_, current, update, k8s::core::v1::PodTemplateSpec(), kNow});
  }
  static std::vector<std::string> Names(const std::vector<Pod>& pods) {
    std::vector<std::string> out;
    for (const Pod& pod : pods) out.push_back(pod.metadata().name());
    return out;
  }
  static std::vector<std::string> Names(const std::vector<PodPtr>& pods) {
    std::vector<std::string> out;
    for (const PodPtr& pod : pods) out.push_back(pod->metadata().name());
    return out;
  }
  StatefulSet set_;
  std::vector<PodPtr> pods_;
};

TEST_F(StatefulSetTest, StartsInOrderEachWhenTheOneBeforeIsReady) {
  EXPECT_THAT(Names(Plan().create), ElementsAre("db-0"));
  Add(0, "r1", false);
  EXPECT_THAT(Plan().create, IsEmpty());
  pods_.clear();
  Add(0);
  EXPECT_THAT(Names(Plan().create), ElementsAre("db-1"));
  set_.mutable_spec()->set_podmanagementpolicy("Parallel");
  EXPECT_THAT(Names(Plan().create), ElementsAre("db-1", "db-2"));
}

TEST_F(StatefulSetTest, ShrinksFromTheTop) {
  for (int i = 0; i < 5; ++i) Add(i);
  EXPECT_THAT(Names(Plan().remove), ElementsAre("db-4"));
}

TEST_F(StatefulSetTest, UpdatesFromTheTopDownToThePartition) {
  for (int i = 0; i < 3; ++i) Add(i);
  EXPECT_THAT(Names(Plan("r1", "r2").remove), ElementsAre("db-2"));
  pods_.pop_back();
  const StatefulPlan next = Plan("r1", "r2");
  ASSERT_EQ(next.create.size(), 1u);
  EXPECT_EQ(next.create[0].metadata().labels().at(kRevisionHash), "r2");
  Add(2, "r2", false);
  EXPECT_THAT(Plan("r1", "r2").remove, IsEmpty());
  pods_.pop_back();
  Add(2, "r2");
  EXPECT_THAT(Names(Plan("r1", "r2").remove), ElementsAre("db-1"));
  set_.mutable_spec()->mutable_updatestrategy()->mutable_rollingupdate()->set_partition(2);
  EXPECT_THAT(Plan("r1", "r2").remove, IsEmpty());
}

TEST_F(StatefulSetTest, AFinishedUpdateBecomesTheCurrentRevision) {
  for (int i = 0; i < 3; ++i) Add(i, "r2");
  EXPECT_EQ(Plan("r1", "r2").status.currentrevision(), "r2");
}

TEST_F(StatefulSetTest, PodsHaveNamesClaimsAndHostNames) {
  set_.mutable_spec()->add_volumeclaimtemplates()->mutable_metadata()->set_name("data");
  const Pod pod = Plan().create.at(0);
  EXPECT_EQ(pod.spec().hostname(), "db-0");
  EXPECT_EQ(pod.spec().subdomain(), "db");
  EXPECT_EQ(pod.spec().volumes(0).volumesource().persistentvolumeclaim().claimname(), "data-db-0");
  EXPECT_EQ(ClaimsFor(set_, 0).at(0).metadata().name(), "data-db-0");
}

TEST(RevisionsTest, EqualDataIsOneRevisionAndGoingBackMovesItUp) {
  ObjectMeta owner;
  owner.set_name("db");
  const auto plan = [&](const std::string& data, std::vector<RevisionPtr> existing, int limit) {
    return PlanRevisions(owner, {}, {}, data, std::move(existing), {}, limit, StatefulSetRevisionName(data, 0));
  };
  const RevisionPlan first = plan("a", {}, 10);
  ASSERT_TRUE(first.create.has_value());
  const auto one = std::make_shared<const ControllerRevision>(*first.create);
  EXPECT_FALSE(plan("a", {one}, 10).create.has_value());
  const RevisionPlan second = plan("b", {one}, 10);
  EXPECT_EQ(second.create->revision(), 2);
  const auto two = std::make_shared<const ControllerRevision>(*second.create);
  const RevisionPlan back = plan("a", {one, two}, 10);
  ASSERT_TRUE(back.update.has_value());
  EXPECT_EQ(back.update->revision(), 3);
  EXPECT_THAT(plan("b", {one, two}, 0).remove, ElementsAre(one->metadata().name()));
}

TEST(RevisionsTest, TemplatesRoundTripThroughTheirPatch) {
  k8s::core::v1::PodTemplateSpec pod_template;
  (*pod_template.mutable_metadata()->mutable_labels())["app"] = "db";
  pod_template.mutable_spec()->add_containers()->set_image("postgres");
  const auto data = TemplatePatch(pod_template);
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->find("{\"spec\":{\"template\":{\"$patch\":\"replace\",\"metadata\":"), 0u) << *data;
  ControllerRevision revision;
  revision.mutable_data()->set_raw(*data);
  const auto back = TemplateOf(revision);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->spec().containers(0).image(), "postgres");
  EXPECT_EQ(back->metadata().labels().at("app"), "db");
}

}  // namespace
}  // namespace controller_manager
