#include "controller-manager/job/job_plan.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "controller-manager/cronjob/cron_schedule.h"
#include "unit/controller-manager/builders.h"

namespace controller_manager {
namespace {

// Plays the API server and the kubelets: writes the planned status, makes and ends pods, takes finalizers away.
class JobTest : public testing::Test {
 protected:
  JobTest() {
    job_.mutable_metadata()->set_name("work");
    job_.mutable_metadata()->set_namespace_("default");
    job_.mutable_metadata()->set_uid("uid-work");
    job_.mutable_spec()->set_parallelism(2);
    job_.mutable_spec()->set_completions(3);
    job_.mutable_spec()->set_backofflimit(1);
    job_.mutable_spec()->mutable_template_()->mutable_spec()->set_restartpolicy("Never");
  }

  // One round; true when something was done.
  bool Step() {
    std::vector<PodPtr> shared;
    for (const auto& [name, pod] : pods_) shared.push_back(Share(pod));
    const JobPlan plan = PlanJob(job_, shared, true, now_);
    job_ = plan.job;
    for (const auto* list : {&plan.count, &plan.release}) {
      for (const PodPtr& pod : *list) pods_[pod->metadata().name()].mutable_metadata()->clear_finalizers();
    }
    for (const PodPtr& pod : plan.remove) pods_.erase(pod->metadata().name());
    for (const int index : plan.create) {
      Pod pod = MakePod(absl::StrCat("p", ++made_), "n1", false, absl::ZeroDuration());
      pod.mutable_metadata()->add_finalizers(kJobTracking);
      if (index >= 0) (*pod.mutable_metadata()->mutable_annotations())[kCompletionIndex] = absl::StrCat(index);
      pods_[pod.metadata().name()] = pod;
    }
    for (const auto& event : plan.events) events_.push_back(event.reason);
    now_ += absl::Seconds(1);
    return plan.status_changed || !plan.count.empty() || !plan.create.empty() || !plan.remove.empty();
  }
  void Settle() {
    for (int i = 0; i < 20 && Step(); ++i) {
    }
  }
  void End(const std::string& name, const std::string& phase) { pods_[name].mutable_status()->set_phase(phase); }
  std::string Finished() const {
    for (const auto& c : job_.status().conditions()) {
      if ((c.type() == "Complete" || c.type() == "Failed") && c.status() == "True") return c.type() + "/" + c.reason();
    }
    return "";
  }

  Job job_;
  std::map<std::string, Pod> pods_;
  std::vector<std::string> events_;
  absl::Time now_ = kNow;
  int made_ = 0;
};

TEST_F(JobTest, RunsInParallelUntilCompleteAndCountsEachPodOnce) {
  Settle();
  EXPECT_EQ(made_, 2);
  EXPECT_EQ(job_.status().active(), 2);
  End("p1", "Succeeded");
  Settle();
  EXPECT_EQ(job_.status().succeeded(), 1);
  EXPECT_EQ(made_, 3);
  End("p2", "Succeeded");
  End("p3", "Succeeded");
  Settle();
  EXPECT_EQ(job_.status().succeeded(), 3);
  EXPECT_EQ(Finished(), "Complete/CompletionsReached");
  EXPECT_TRUE(job_.status().has_completiontime());
  EXPECT_EQ(made_, 3);
  EXPECT_EQ(events_.back(), "Completed");
}

TEST_F(JobTest, APodStaysUncountedUntilItsFinalizerIsGone) {
  Settle();
  End("p1", "Succeeded");
  std::vector<PodPtr> shared;
  for (const auto& [name, pod] : pods_) shared.push_back(Share(pod));
  const JobPlan first = PlanJob(job_, shared, true, now_);
  EXPECT_EQ(first.job.status().uncountedterminatedpods().succeeded_size(), 1);
  EXPECT_EQ(first.job.status().succeeded(), 0);
  // The same again, as after a crash: nothing is counted twice.
  const JobPlan second = PlanJob(first.job, shared, true, now_);
  EXPECT_EQ(second.job.status().uncountedterminatedpods().succeeded_size(), 1);
  ASSERT_EQ(second.count.size(), 1u);
}

TEST_F(JobTest, FailsBeyondTheBackoffLimitAndStopsTheRest) {
  Settle();
  End("p1", "Failed");
  Settle();
  EXPECT_EQ(job_.status().failed(), 1);
  EXPECT_EQ(Finished(), "");
  now_ += absl::Minutes(1);  // the back-off before the replacement
  Settle();
  EXPECT_EQ(made_, 3);
  End("p3", "Failed");
  Settle();
  EXPECT_EQ(Finished(), "Failed/BackoffLimitExceeded");
  EXPECT_EQ(job_.status().active(), 0);
}

TEST_F(JobTest, DeadlineFailsTheJob) {
  job_.mutable_spec()->set_activedeadlineseconds(30);
  Settle();
  now_ += absl::Seconds(31);
  Settle();
  EXPECT_EQ(Finished(), "Failed/DeadlineExceeded");
}

TEST_F(JobTest, IndexedJobFillsTheMissingIndexes) {
  job_.mutable_spec()->set_completionmode("Indexed");
  job_.mutable_spec()->set_parallelism(3);
  Settle();
  End("p1", "Succeeded");
  End("p3", "Succeeded");
  Settle();
  EXPECT_EQ(job_.status().completedindexes(), "0,2");
  End("p2", "Succeeded");
  Settle();
  EXPECT_EQ(job_.status().completedindexes(), "0-2");
  EXPECT_EQ(Finished(), "Complete/CompletionsReached");
}

TEST_F(JobTest, SuspendingStopsPodsAndResumingStartsOver) {
  Settle();
  job_.mutable_spec()->set_suspend(true);
  Settle();
  EXPECT_TRUE(pods_.empty());
  EXPECT_FALSE(job_.status().has_starttime());
  job_.mutable_spec()->set_suspend(false);
  Settle();
  EXPECT_EQ(job_.status().active(), 2);
  EXPECT_EQ(events_, (std::vector<std::string>{"Suspended", "Resumed"}));
}

TEST(IndexesTest, RoundTrip) {
  for (const char* text : {"", "0", "0,1", "0-2", "0,2,4-7,9"}) EXPECT_EQ(FormatIndexes(ParseIndexes(text)), text);
}

TEST(CronScheduleTest, Next) {
  struct Case {
    const char* schedule;
    const char* after;
    const char* want;
  };
  const Case cases[] = {{"*/5 * * * *", "2026-11-23T10:02:30Z", "2026-11-23T10:05:00Z"},
                        {"0 * * * *", "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"},
                        {"@daily", "2026-11-23T10:00:00Z", "2026-11-24T00:00:00Z"},
                        {"30 8 * * MON-FRI", "2026-11-20T09:00:00Z", "2026-11-23T08:30:00Z"},
                        {"0 0 29 2 *", "2026-11-23T00:00:00Z", "2028-02-29T00:00:00Z"},
                        {"0 12 13 * fri", "2026-11-23T00:00:00Z", "2026-11-27T12:00:00Z"},
                        {"@every 90s", "2026-11-23T10:00:00Z", "2026-11-23T10:01:30Z"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.schedule);
    const auto schedule = CronSchedule::Parse(c.schedule, absl::UTCTimeZone());
    ASSERT_TRUE(schedule.ok()) << schedule.status();
    absl::Time after, want;
    std::string error;
    ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, c.after, &after, &error));
    ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, c.want, &want, &error));
    EXPECT_EQ(schedule->Next(after), want);
  }
  for (const char* bad : {"", "* * * *", "60 * * * *", "* * 0 * *", "a * * * *", "*/0 * * * *"}) {
    EXPECT_FALSE(CronSchedule::Parse(bad, absl::UTCTimeZone()).ok()) << bad;
  }
  const auto never = CronSchedule::Parse("0 0 30 2 *", absl::UTCTimeZone());
  EXPECT_EQ(never->Next(kNow), absl::InfiniteFuture());
}

}  // namespace
}  // namespace controller_manager
