#include "controller-manager/garbagecollector/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace controller_manager {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

ObjectFacts Make(const std::string& uid, std::vector<std::string> owners = {}) {
  ObjectFacts facts{"v1", "Pod", "ns", uid, uid};
  for (const std::string& owner : owners) facts.owners.push_back({"apps/v1", "ReplicaSet", owner, owner, true, true});
  return facts;
}

TEST(OwnerGraphTest, AnOwnerNobodySawIsLookedUp) {
  OwnerGraph graph;
  EXPECT_THAT(graph.Upsert(Make("pod", {"rs"})).check, ElementsAre("rs"));
  EXPECT_THAT(graph.Upsert(Make("rs")).check, IsEmpty());
  EXPECT_TRUE(graph.Find("rs")->seen);
  EXPECT_EQ(graph.Find("rs")->dependents.size(), 1u);
}

TEST(OwnerGraphTest, RemovingAnOwnerChecksItsDependents) {
  OwnerGraph graph;
  graph.Upsert(Make("rs"));
  graph.Upsert(Make("a", {"rs"}));
  graph.Upsert(Make("b", {"rs"}));
  EXPECT_THAT(graph.Remove("rs").check, UnorderedElementsAre("a", "b"));
}

TEST(OwnerGraphTest, AnAbsentOwnerIsForgottenWithItsLastDependent) {
  OwnerGraph graph;
  graph.Upsert(Make("a", {"ghost"}));
  graph.Remove("a");
  EXPECT_EQ(graph.size(), 0u);
}

TEST(OwnerGraphTest, ForegroundDeletionChecksDependentsThenTheOwner) {
  OwnerGraph graph;
  graph.Upsert(Make("rs"));
  graph.Upsert(Make("a", {"rs"}));
  ObjectFacts deleting = Make("rs");
  deleting.deleting = deleting.foreground = true;
  EXPECT_THAT(graph.Upsert(deleting).check, UnorderedElementsAre("a", "rs"));
  EXPECT_THAT(graph.BlockingDependents("rs"), ElementsAre("a"));
  EXPECT_THAT(graph.Remove("a").check, ElementsAre("rs"));
  EXPECT_THAT(graph.BlockingDependents("rs"), IsEmpty());
}

TEST(OwnerGraphTest, OrphaningIsAskedForOnce) {
  OwnerGraph graph;
  graph.Upsert(Make("rs"));
  ObjectFacts deleting = Make("rs");
  deleting.deleting = deleting.orphan = true;
  EXPECT_THAT(graph.Upsert(deleting).orphan, ElementsAre("rs"));
  EXPECT_THAT(graph.Upsert(deleting).orphan, IsEmpty());
}

TEST(PlanCollectTest, Rules) {
  using Is = OwnerState::Is;
  struct Case {
    const char* name;
    std::vector<Is> owners;
    bool has_dependents;
    Verb want;
    const char* propagation;
  };
  const Case cases[] = {{"no owners", {}, false, Verb::kNothing, ""},
                        {"one lives", {Is::kSolid}, false, Verb::kNothing, ""},
                        {"one lives, one is gone", {Is::kSolid, Is::kAbsent}, false, Verb::kDropOwners, ""},
                        {"all gone", {Is::kAbsent, Is::kAbsent}, true, Verb::kDelete, "Background"},
                        {"owner waits, leaf", {Is::kWaiting}, false, Verb::kDelete, "Background"},
                        {"owner waits, has its own", {Is::kWaiting}, true, Verb::kDelete, "Foreground"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::vector<OwnerState> owners;
    for (const Is is : c.owners) owners.push_back({{}, is});
    const CollectPlan plan = PlanCollect(Make("x"), owners, c.has_dependents);
    EXPECT_EQ(plan.verb, c.want);
    EXPECT_EQ(plan.propagation, c.propagation);
  }
}

}  // namespace
}  // namespace controller_manager
