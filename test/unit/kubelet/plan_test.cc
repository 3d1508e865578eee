#include "kubelet/pods/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kubelet/pod_builder.h"
#include "kubelet/pods/pod_util.h"
#include "kubelet/pods/status.h"

namespace kubelet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

PodPlan Plan(World& world, absl::Time now = kStart, const Backoff& restarts = Backoff()) {
  return PlanPod(world.Facts(), restarts, now);
}

TEST(PlanPodTest, VolumesThenSandboxThenContainers) {
  World w;
  w.Container("a");
  w.Container("b");
  w.facts.volumes_ready = false;
  EXPECT_TRUE(Plan(w).set_up_volumes);
  w.facts.volumes_ready = true;
  EXPECT_TRUE(Plan(w).make_sandbox);
  w.Sandbox();
  EXPECT_THAT(Plan(w).start, ElementsAre("a", "b"));
  w.Runs("a");
  EXPECT_THAT(Plan(w).start, ElementsAre("b"));
  w.Runs("b");
  const PodPlan done = Plan(w);
  EXPECT_THAT(done.start, IsEmpty());
  EXPECT_FALSE(done.finished);
}

TEST(PlanPodTest, InitContainersRunOneAfterAnother) {
  World w;
  w.Container("i1", true);
  w.Container("i2", true);
  w.Container("c");
  w.Sandbox();
  EXPECT_THAT(Plan(w).start, ElementsAre("i1"));
  w.Runs("i1");
  EXPECT_THAT(Plan(w).start, IsEmpty());
  w.Ends("i1", 0);
  EXPECT_THAT(Plan(w).start, ElementsAre("i2"));
  w.Runs("i2");
  w.Ends("i2", 0);
  EXPECT_THAT(Plan(w).start, ElementsAre("c"));
}

TEST(PlanPodTest, SidecarHoldsUpTheNextUntilItStarted) {
  World w;
  w.Container("side", true).set_restartpolicy("Always");
  w.Container("c");
  w.Sandbox();
  EXPECT_THAT(Plan(w).start, ElementsAre("side"));
  w.Runs("side");
  w.facts.containers["side"].started = false;
  EXPECT_THAT(Plan(w).start, IsEmpty());
  w.facts.containers["side"].started = true;
  EXPECT_THAT(Plan(w).start, ElementsAre("c"));
}

TEST(PlanPodTest, SidecarStopsAfterTheContainers) {
  World w;
  w.Container("side", true).set_restartpolicy("Always");
  w.Container("c");
  w.Sandbox();
  w.Runs("side");
  w.Runs("c");
  w.facts.ending = true;
  PodPlan plan = Plan(w);
  ASSERT_EQ(plan.stop.size(), 1u);
  EXPECT_EQ(plan.stop[0].container, "c");
  EXPECT_EQ(plan.stop[0].message, "Stopping container c");
  EXPECT_FALSE(plan.finished);
  w.Ends("c", 137);
  plan = Plan(w);
  ASSERT_EQ(plan.stop.size(), 1u);
  EXPECT_EQ(plan.stop[0].container, "side");
  w.Ends("side", 137);
  plan = Plan(w);
  EXPECT_TRUE(plan.finished);
  EXPECT_THAT(plan.end_sandboxes, ElementsAre("s0"));
}

TEST(PlanPodTest, RestartPolicies) {
  struct Case {
    const char* policy;
    int code;
    bool restarts;
  };
  for (const Case& c : {Case{"Always", 0, true}, Case{"Always", 1, true}, Case{"OnFailure", 0, false}, Case{"OnFailure", 1, true},
                        Case{"Never", 0, false}, Case{"Never", 1, false}}) {
    SCOPED_TRACE(testing::Message() << c.policy << " " << c.code);
    World w;
    w.pod.mutable_spec()->set_restartpolicy(c.policy);
    w.Container("c");
    w.Sandbox();
    w.Runs("c");
    w.Ends("c", c.code);
    const PodPlan plan = Plan(w);
    EXPECT_EQ(!plan.start.empty(), c.restarts);
    EXPECT_EQ(plan.finished, !c.restarts);
  }
}

TEST(PlanPodTest, CrashedContainerWaitsItsDelay) {
  World w;
  w.Container("c");
  w.Sandbox();
  w.Runs("c");
  w.Ends("c", 1, kStart);
  Backoff restarts;
  EXPECT_THAT(Plan(w, kStart, restarts).start, ElementsAre("c"));  // the first restart is immediate
  restarts.Next(BackoffKey(w.pod, "c"), kStart, kStart);
  const PodPlan plan = Plan(w, kStart + absl::Seconds(4), restarts);
  EXPECT_THAT(plan.start, IsEmpty());
  ASSERT_EQ(plan.crash_waits.size(), 1u);
  EXPECT_EQ(plan.crash_waits[0].second, absl::Seconds(6));
  EXPECT_EQ(plan.recheck_at, kStart + absl::Seconds(10));
  EXPECT_THAT(Plan(w, kStart + absl::Seconds(10), restarts).start, ElementsAre("c"));
}

TEST(PlanPodTest, FailedInitContainerEndsAPodThatIsNotRestarted) {
  World w;
  w.pod.mutable_spec()->set_restartpolicy("Never");
  w.Container("i", true);
  w.Container("c");
  w.Sandbox();
  w.Runs("i");
  w.Ends("i", 1);
  EXPECT_TRUE(Plan(w).finished);
  EXPECT_TRUE(ComputeInitProgress(w.Facts()).failed);
}

TEST(PlanPodTest, LostSandboxIsReplacedAndEverythingStartsOver) {
  World w;
  w.Container("i", true);
  w.Container("c");
  w.Sandbox();
  w.Runs("i");
  w.Ends("i", 0);
  w.Runs("c");
  w.facts.sandboxes.back().state = SandboxState::kNotReady;
  const PodPlan plan = Plan(w);
  EXPECT_TRUE(plan.make_sandbox);
  EXPECT_EQ(plan.sandbox_attempt, 1u);
  EXPECT_THAT(plan.end_sandboxes, ElementsAre("s0"));
  w.Sandbox();
  EXPECT_THAT(Plan(w).start, ElementsAre("i"));
}

TEST(PlanPodTest, FailedProbeStopsWithTheProbesGrace) {
  World w;
  w.Container("c").mutable_livenessprobe()->set_terminationgraceperiodseconds(3);
  w.Sandbox();
  w.Runs("c");
  w.facts.containers["c"].must_restart = "Container c failed liveness probe, will be restarted";
  PodPlan plan = Plan(w);
  ASSERT_EQ(plan.stop.size(), 1u);
  EXPECT_EQ(plan.stop[0].grace, absl::Seconds(3));
  w.facts.stopping.insert("c0");  // asked once is enough
  EXPECT_THAT(Plan(w).stop, IsEmpty());
}

TEST(PlanPodTest, OnlyTheLastDeadRunIsKept) {
  World w;
  w.Container("c");
  w.Sandbox();
  for (int i = 0; i < 3; ++i) {
    w.Runs("c");
    w.Ends("c", 1);
  }
  w.Runs("c");
  EXPECT_THAT(Plan(w).remove_runs, ElementsAre("c1", "c0"));
}

TEST(PlanPodTest, DeadlineIsARecheck) {
  World w;
  w.pod.mutable_spec()->set_activedeadlineseconds(60);
  w.Container("c");
  w.Sandbox();
  w.Runs("c");
  EXPECT_EQ(Plan(w).recheck_at, kStart + absl::Seconds(60));
}

TEST(BackoffTest, DoublesToItsMaximumAndStartsOverWhenWell) {
  Backoff backoff;
  absl::Time now = kStart;
  for (int seconds : {10, 20, 40, 80, 160, 300, 300}) {
    backoff.Next("k", now, now);
    EXPECT_EQ(backoff.Current("k"), absl::Seconds(seconds));
    EXPECT_EQ(backoff.Remaining("k", now, now), absl::Seconds(seconds));
    now += absl::Seconds(seconds);
  }
  now += absl::Minutes(11);
  EXPECT_EQ(backoff.Remaining("k", now, now), absl::ZeroDuration());
  backoff.Next("k", now, now);
  EXPECT_EQ(backoff.Current("k"), absl::Seconds(10));
}

v1::PodStatus Status(World& w, bool finished = false, const v1::PodStatus& previous = {}) {
  const PodFacts& facts = w.Facts();
  const Backoff restarts;
  return ComputePodStatus(facts, PlanPod(facts, restarts, kStart), restarts, finished, previous, kStart);
}

const v1::PodCondition& Condition(const v1::PodStatus& status, const std::string& type) {
  for (const v1::PodCondition& c : status.conditions()) {
    if (c.type() == type) return c;
  }
  static const v1::PodCondition* const kNone = new v1::PodCondition;
  return *kNone;
}

TEST(PodStatusTest, NewPodWaits) {
  World w;
  w.Container("c");
  const v1::PodStatus s = Status(w);
  EXPECT_EQ(s.phase(), "Pending");
  EXPECT_EQ(s.containerstatuses(0).state().waiting().reason(), "ContainerCreating");
  EXPECT_EQ(Condition(s, "PodReadyToStartContainers").status(), "False");
  EXPECT_EQ(Condition(s, "Initialized").status(), "True");
  EXPECT_EQ(Condition(s, "Ready").reason(), "ContainersNotReady");
  EXPECT_EQ(Condition(s, "Ready").message(), "containers with unready status: [c]");
}

TEST(PodStatusTest, RunningPodIsReady) {
  World w;
  w.Container("c");
  w.Sandbox();
  w.Runs("c");
  const v1::PodStatus s = Status(w);
  EXPECT_EQ(s.phase(), "Running");
  EXPECT_EQ(s.podip(), "10.0.0.5");
  EXPECT_EQ(Condition(s, "Ready").status(), "True");
  EXPECT_EQ(s.containerstatuses(0).containerid(), "skiff://c0");
}

TEST(PodStatusTest, InitializingPodNamesWhatIsIncomplete) {
  World w;
  w.Container("i1", true);
  w.Container("side", true).set_restartpolicy("Always");
  w.Container("c");
  w.Sandbox();
  w.Runs("i1");
  const v1::PodStatus s = Status(w);
  EXPECT_EQ(s.phase(), "Pending");
  EXPECT_EQ(Condition(s, "Initialized").message(), "containers with incomplete status: [i1 side]");
  EXPECT_EQ(Condition(s, "Ready").message(), "containers with unready status: [side c]");
  EXPECT_EQ(s.containerstatuses(0).state().waiting().reason(), "PodInitializing");
}

TEST(PodStatusTest, FinalPhaseComesOnlyWhenNothingRuns) {
  World w;
  w.pod.mutable_spec()->set_restartpolicy("Never");
  w.Container("c");
  w.Sandbox();
  w.Runs("c");
  w.Ends("c", 0);
  EXPECT_EQ(Status(w).phase(), "Running");
  const v1::PodStatus s = Status(w, true);
  EXPECT_EQ(s.phase(), "Succeeded");
  EXPECT_EQ(Condition(s, "Ready").reason(), "PodCompleted");
  EXPECT_EQ(Condition(s, "Initialized").reason(), "PodCompleted");
  w.Ends("c", 2);
  EXPECT_EQ(Status(w, true).phase(), "Failed");
}

TEST(PodStatusTest, CrashLoopShowsTheDelayAndTheLastEnd) {
  World w;
  w.Container("c");
  w.Sandbox();
  w.Runs("c");
  w.Ends("c", 3);
  Backoff restarts;
  restarts.Next(BackoffKey(w.pod, "c"), kStart, kStart);
  const PodFacts& facts = w.Facts();
  const v1::PodStatus s = ComputePodStatus(facts, PlanPod(facts, restarts, kStart), restarts, false, {}, kStart);
  EXPECT_EQ(s.phase(), "Running");
  EXPECT_EQ(s.containerstatuses(0).state().waiting().reason(), "CrashLoopBackOff");
  EXPECT_EQ(s.containerstatuses(0).state().waiting().message(),
            "back-off 10s restarting failed container=c pod=web_default(u1)");
  EXPECT_EQ(s.containerstatuses(0).laststate().terminated().exitcode(), 3);
}

TEST(PodStatusTest, TransitionTimeStaysWhileTheStatusStays) {
  World w;
  w.Container("c");
  v1::PodStatus previous;
  v1::PodCondition* ready = previous.add_conditions();
  ready->set_type("Ready");
  ready->set_status("False");
  ready->mutable_lasttransitiontime()->set_seconds(7);
  v1::PodCondition* foreign = previous.add_conditions();
  foreign->set_type("DisruptionTarget");
  foreign->set_status("True");
  const v1::PodStatus s = Status(w, false, previous);
  EXPECT_EQ(Condition(s, "Ready").lasttransitiontime().seconds(), 7);
  EXPECT_EQ(Condition(s, "DisruptionTarget").status(), "True");
}

}  // namespace
}  // namespace kubelet
