#include "scheduler/plugins/plugins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/scheduler/builders.h"

namespace scheduler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Reasons(const std::unique_ptr<FilterPlugin>& plugin, const PodInfo& pod, const NodePtr& node,
                                 std::vector<NodePtr> others = {}) {
  others.push_back(node);
  const Snapshot snapshot = MakeSnapshot(std::move(others));
  const FilterFn filter = plugin->Prepare(pod, snapshot);
  return filter ? filter(*node).reasons() : std::vector<std::string>();
}

TEST(NodeResourcesFitTest, Filter) {
  struct Case {
    const char* name;
    int64_t cpu, memory, used_cpu;
    std::vector<std::string> want;
  };
  const Case cases[] = {{"exact fit", 500, 0, 3500, {}},
                        {"zero request on an overcommitted node", 0, 0, 9000, {}},
                        {"short of cpu", 501, 0, 3500, {"Insufficient cpu"}},
                        {"every shortage", 5000, 9LL << 30, 0, {"Insufficient cpu", "Insufficient memory"}}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    auto node = MakeNode("n");
    Put(*node, MakePod("other", c.used_cpu));
    EXPECT_EQ(Reasons(NewNodeResourcesFitFilter(), MakePod("p", c.cpu, c.memory), node), c.want);
  }
}

TEST(NodeResourcesFitTest, MoreThanTheWholeNodeIsHopeless) {
  const auto node = MakeNode("n");
  const Snapshot snapshot = MakeSnapshot({node});
  const PodInfo huge = MakePod("p", 5000), big = MakePod("q", 4000);
  Put(*node, MakePod("other", 100));
  EXPECT_TRUE(NewNodeResourcesFitFilter()->Prepare(huge, snapshot)(*node).for_good());
  EXPECT_FALSE(NewNodeResourcesFitFilter()->Prepare(big, snapshot)(*node).for_good());
}

TEST(NodeResourcesFitTest, TooManyPods) {
  auto node = MakeNode("n");
  Edit(*node, [](NodeSpec& spec) { spec.max_pods = 1; });
  Put(*node, MakePod("one"));
  EXPECT_THAT(Reasons(NewNodeResourcesFitFilter(), MakePod("p"), node), ElementsAre("Too many pods"));
}

TEST(TaintTolerationTest, Filter) {
  auto node = MakeNode("n");
  Edit(*node, [](NodeSpec& spec) { spec.taints = {{"k", "v", "NoSchedule"}}; });
  PodInfo pod = MakePod("p");
  EXPECT_THAT(Reasons(NewTaintTolerationFilter(), pod, node), ElementsAre("node(s) had untolerated taint(s)"));
  pod.tolerations = {{"k", "Equal", "w", ""}};
  EXPECT_THAT(Reasons(NewTaintTolerationFilter(), pod, node), ElementsAre("node(s) had untolerated taint(s)"));
  pod.tolerations = {{"k", "", "v", "NoSchedule"}};
  EXPECT_THAT(Reasons(NewTaintTolerationFilter(), pod, node), IsEmpty());
  pod.tolerations = {{"", "Exists", "", ""}};
  EXPECT_THAT(Reasons(NewTaintTolerationFilter(), pod, node), IsEmpty());
  pod.tolerations.clear();
  Edit(*node, [](NodeSpec& spec) { spec.taints = {{"k", "v", "PreferNoSchedule"}}; });
  EXPECT_THAT(Reasons(NewTaintTolerationFilter(), pod, node), IsEmpty());
}

TEST(NodePluginsTest, CordonSelectorAffinityAndPorts) {
  auto node = MakeNode("n", 4000, 8LL << 30, {{"disk", "ssd"}, {"cores", "8"}});
  PodInfo pod = MakePod("p");
  Edit(*node, [](NodeSpec& spec) { spec.unschedulable = true; });
  EXPECT_THAT(Reasons(NewNodeUnschedulable(), pod, node), ElementsAre("node(s) were unschedulable"));
  pod.tolerations = {{"node.kubernetes.io/unschedulable", "Exists", "", "NoSchedule"}};
  EXPECT_THAT(Reasons(NewNodeUnschedulable(), pod, node), IsEmpty());

  pod.node_selector = {{"disk", "hdd"}};
  EXPECT_THAT(Reasons(NewNodeAffinityFilter(), pod, node),
              ElementsAre("node(s) didn't match Pod's node affinity/selector"));
  pod.node_selector = {{"disk", "ssd"}};
  pod.required_node_terms = {{{{"cores", "Lt", {"4"}}}, {}}, {{{"cores", "Gt", {"4"}}}, {}}};  // any term is enough
  EXPECT_THAT(Reasons(NewNodeAffinityFilter(), pod, node), IsEmpty());
  pod.required_node_terms = {{{}, {{"metadata.name", "In", {"other"}}}}};
  EXPECT_FALSE(Reasons(NewNodeAffinityFilter(), pod, node).empty());

  pod.ports = {{"127.0.0.1", "TCP", 80}};
  PodInfo holder = MakePod("holder");
  holder.ports = {{"", "TCP", 80}};
  Put(*node, holder);
  EXPECT_THAT(Reasons(NewNodePorts(), pod, node),
              ElementsAre("node(s) didn't have free ports for the requested pod ports"));
  pod.ports = {{"", "UDP", 80}};
  EXPECT_THAT(Reasons(NewNodePorts(), pod, node), IsEmpty());
}

PodAffinityTerm Near(const std::string& app, const std::string& topology) {
  PodAffinityTerm term;
  term.selector = Selector{{{"app", app}}, {}};
  term.namespaces = {"default"};
  term.topology_key = topology;
  return term;
}

TEST(InterPodAffinityTest, NearAndAway) {
  auto east = MakeNode("e", 4000, 8LL << 30, {{"zone", "east"}});
  auto west = MakeNode("w", 4000, 8LL << 30, {{"zone", "west"}});
  PodInfo db = MakePod("db");
  db.labels = {{"app", "db"}};
  Put(*east, db);
  PodInfo pod = MakePod("p");
  pod.required_affinity = {Near("db", "zone")};
  EXPECT_THAT(Reasons(NewInterPodAffinityFilter(), pod, east, {west}), IsEmpty());
  EXPECT_THAT(Reasons(NewInterPodAffinityFilter(), pod, west, {east}),
              ElementsAre("node(s) didn't match pod affinity rules"));
  pod.required_affinity.clear();
  pod.required_anti_affinity = {Near("db", "zone")};
  EXPECT_THAT(Reasons(NewInterPodAffinityFilter(), pod, east, {west}),
              ElementsAre("node(s) didn't match pod anti-affinity rules"));
  EXPECT_THAT(Reasons(NewInterPodAffinityFilter(), pod, west, {east}), IsEmpty());
}

TEST(InterPodAffinityTest, TheFirstOfAGroupMaySettleAnywhere) {
  PodInfo pod = MakePod("p");
  pod.labels = {{"app", "web"}};
  pod.required_affinity = {Near("web", "kubernetes.io/hostname")};
  EXPECT_THAT(Reasons(NewInterPodAffinityFilter(), pod, MakeNode("n")), IsEmpty());
}

TEST(InterPodAffinityTest, ExistingPodsKeepOthersAway) {
  auto node = MakeNode("n");
  PodInfo loner = MakePod("loner");
  loner.required_anti_affinity = {Near("web", "kubernetes.io/hostname")};
  Put(*node, loner);
  PodInfo pod = MakePod("p");
  pod.labels = {{"app", "web"}};
  EXPECT_THAT(Reasons(NewInterPodAffinityFilter(), pod, node),
              ElementsAre("node(s) didn't satisfy existing pods anti-affinity rules"));
}

TEST(PodTopologySpreadTest, SkewAndMissingLabel) {
  auto a = MakeNode("a", 4000, 8LL << 30, {{"zone", "a"}});
  auto b = MakeNode("b", 4000, 8LL << 30, {{"zone", "b"}});
  PodInfo pod = MakePod("p");
  pod.labels = {{"app", "web"}};
  Put(*a, pod);
  SpreadConstraint constraint;
  constraint.topology_key = "zone";
  constraint.selector = Selector{{{"app", "web"}}, {}};
  pod.spread = {constraint};
  EXPECT_THAT(Reasons(NewPodTopologySpreadFilter(), pod, a, {b}),
              ElementsAre("node(s) didn't match pod topology spread constraints"));
  EXPECT_THAT(Reasons(NewPodTopologySpreadFilter(), pod, b, {a}), IsEmpty());
  EXPECT_THAT(Reasons(NewPodTopologySpreadFilter(), pod, MakeNode("c"), {a, b}),
              ElementsAre("node(s) didn't match pod topology spread constraints (missing required label)"));
}

std::vector<int64_t> Scores(const std::unique_ptr<ScorePlugin>& plugin, const PodInfo& pod,
                            std::vector<NodePtr> nodes) {
  std::vector<int64_t> scores(nodes.size());
  const Snapshot snapshot = MakeSnapshot(nodes);
  plugin->Score(pod, snapshot, nodes, absl::MakeSpan(scores));
  return scores;
}

TEST(LeastAllocatedTest, TheNodeWithTheMostLeftWins) {
  auto busy = MakeNode("busy");
  Put(*busy, MakePod("x", 2000, 4LL << 30));
  const std::vector<int64_t> scores = Scores(NewLeastAllocated(), MakePod("p", 1000, 2LL << 30),
                                             {busy, MakeNode("empty"), MakeNode("large", 8000, 16LL << 30)});
  EXPECT_THAT(scores, ElementsAre(25, 75, 87));
}

TEST(ScoreTest, PreferencesAndTaints) {
  auto ssd = MakeNode("ssd", 4000, 8LL << 30, {{"disk", "ssd"}});
  auto tainted = MakeNode("tainted");
  Edit(*tainted, [](NodeSpec& spec) { spec.taints = {{"k", "v", "PreferNoSchedule"}}; });
  PodInfo pod = MakePod("p");
  pod.preferred_node_terms = {{10, {{{"disk", "In", {"ssd"}}}, {}}}};
  EXPECT_THAT(Scores(NewNodeAffinityScore(), pod, {ssd, tainted}), ElementsAre(100, 0));
  EXPECT_THAT(Scores(NewTaintTolerationScore(), pod, {ssd, tainted}), ElementsAre(100, 0));
}

}  // namespace
}  // namespace scheduler
