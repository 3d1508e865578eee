#include <gtest/gtest.h>

#include "controller-manager/nodeipam/cidr_set.h"
#include "controller-manager/nodelifecycle/node_health.h"
#include "controller-manager/tainteviction/taint_eviction.h"
#include "unit/controller-manager/builders.h"

namespace controller_manager {
namespace {

Node ReadyNode(absl::Time heartbeat) {
  Node node;
  node.mutable_metadata()->set_name("n1");
  SetTime(kNow - absl::Hours(1), node.mutable_metadata()->mutable_creationtimestamp());
  auto& ready = *node.mutable_status()->add_conditions();
  ready.set_type("Ready");
  ready.set_status("True");
  SetTime(heartbeat, ready.mutable_lastheartbeattime());
  return node;
}

TEST(JudgeNodeTest, SilentForTheGracePeriodBecomesUnknown) {
  NodeHealth health;
  const Node node = ReadyNode(kNow);
  EXPECT_FALSE(JudgeNode(node, "1", {}, kNow, health).changed);
  EXPECT_FALSE(JudgeNode(node, "1", {}, kNow + absl::Seconds(40), health).changed);
  const HealthVerdict verdict = JudgeNode(node, "1", {}, kNow + absl::Seconds(41), health);
  ASSERT_TRUE(verdict.changed);
  EXPECT_TRUE(verdict.lost_ready);
  EXPECT_EQ(FindCondition(verdict.node, "Ready")->status(), "Unknown");
  EXPECT_EQ(FindCondition(verdict.node, "Ready")->reason(), "NodeStatusUnknown");
  EXPECT_EQ(FindCondition(verdict.node, "Ready")->message(), "Kubelet stopped posting node status.");
  EXPECT_EQ(FindCondition(verdict.node, "DiskPressure")->reason(), "NodeStatusNeverUpdated");
  // Our own write is no sign of life, and is not repeated.
  EXPECT_FALSE(JudgeNode(verdict.node, "1", {}, kNow + absl::Seconds(50), health).changed);
  EXPECT_EQ(health.ready, "Unknown");
}

TEST(JudgeNodeTest, ARenewedLeaseIsASignOfLife) {
  NodeHealth health;
  const Node node = ReadyNode(kNow);
  JudgeNode(node, "1", {}, kNow, health);
  JudgeNode(node, "2", {}, kNow + absl::Seconds(30), health);
  EXPECT_FALSE(JudgeNode(node, "2", {}, kNow + absl::Seconds(60), health).changed);
}

TEST(NodeTaintsTest, FollowConditionsAndKeepForeignTaints) {
  Node node = ReadyNode(kNow);
  node.mutable_status()->mutable_conditions(0)->set_status("Unknown");
  node.mutable_spec()->set_unschedulable(true);
  auto& foreign = *node.mutable_spec()->add_taints();
  foreign.set_key("team");
  foreign.set_effect("NoSchedule");
  auto& stale = *node.mutable_spec()->add_taints();
  stale.set_key("node.kubernetes.io/disk-pressure");
  stale.set_effect("NoSchedule");
  std::vector<Taint> out;
  ASSERT_TRUE(ReplaceTaints(node, "NoSchedule", NoScheduleTaints(node), kNow, out));
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[0].key(), "team");
  EXPECT_EQ(out[1].key(), kUnreachableTaint);
  EXPECT_EQ(out[2].key(), "node.kubernetes.io/unschedulable");
  node.mutable_spec()->clear_taints();
  for (const Taint& taint : out) *node.mutable_spec()->add_taints() = taint;
  EXPECT_FALSE(ReplaceTaints(node, "NoSchedule", NoScheduleTaints(node), kNow, out));
}

TEST(EvictionRatesTest, ZonesDecideThePace) {
  bool all_down = false;
  auto rates = EvictionRatesOf({{"a", {2, 1}}, {"b", {0, 3}}, {"c", {1, 3}}}, {}, all_down);
  EXPECT_FALSE(all_down);
  EXPECT_DOUBLE_EQ(rates["a"], 0.1);
  EXPECT_DOUBLE_EQ(rates["b"], 0.1);
  EXPECT_DOUBLE_EQ(rates["c"], 0);  // most of a small zone is down
  rates = EvictionRatesOf({{"a", {0, 3}}}, {}, all_down);
  EXPECT_TRUE(all_down);
  EXPECT_DOUBLE_EQ(rates["a"], 0);
}

TEST(EvictionTimeTest, TolerationsDecideHowLong) {
  Node node = ReadyNode(kNow);
  Pod pod = MakePod("p");
  EXPECT_EQ(EvictionTime(pod, node), absl::InfiniteFuture());
  auto& taint = *node.mutable_spec()->add_taints();
  taint.set_key(kUnreachableTaint);
  taint.set_effect("NoExecute");
  SetTime(kNow, taint.mutable_timeadded());
  EXPECT_EQ(EvictionTime(pod, node), absl::InfinitePast());
  auto& toleration = *pod.mutable_spec()->add_tolerations();
  toleration.set_key(kUnreachableTaint);
  toleration.set_operator_("Exists");
  toleration.set_effect("NoExecute");
  EXPECT_EQ(EvictionTime(pod, node), absl::InfiniteFuture());
  toleration.set_tolerationseconds(300);
  EXPECT_EQ(EvictionTime(pod, node), kNow + absl::Seconds(300));
}

TEST(CidrSetTest, HandsOutEachBlockOnceAndAgainAfterRelease) {
  auto set = CidrSet::Create(*ParseIpv4Net("10.244.0.0/22"), 24);
  ASSERT_TRUE(set.ok());
  set->Occupy(*ParseIpv4Net("10.244.1.0/24"));
  EXPECT_EQ(ToString(*set->Allocate()), "10.244.0.0/24");
  EXPECT_EQ(ToString(*set->Allocate()), "10.244.2.0/24");
  EXPECT_EQ(ToString(*set->Allocate()), "10.244.3.0/24");
  EXPECT_EQ(set->Allocate(), std::nullopt);
  set->Release(*ParseIpv4Net("10.244.2.0/24"));
  EXPECT_EQ(ToString(*set->Allocate()), "10.244.2.0/24");
  EXPECT_FALSE(CidrSet::Create(*ParseIpv4Net("10.0.0.0/24"), 16).ok());
  EXPECT_FALSE(ParseIpv4Net("10.0.0.0").ok());
}

}  // namespace
}  // namespace controller_manager
