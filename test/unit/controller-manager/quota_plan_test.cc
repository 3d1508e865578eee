#include "controller-manager/resourcequota/quota_plan.h"

#include "gtest/gtest.h"

namespace controller_manager {
namespace {

using apimachinery::Quantity;
Amounts Pods(int64_t n) { return {{"pods", Quantity::FromInt(n)}}; }

TEST(PlanQuota, TheFigureFallsOnlyByWhatWasSeenToGo) {
  struct Case {
    const char* name;
    int64_t counted, used, gone;
    bool rested;
    int64_t want;
    bool recheck;
  };
  const Case cases[] = {
      {"nothing changed", 3, 3, 0, false, 3, false},
      {"one was deleted", 2, 3, 1, false, 2, false},
      {"one was deleted while another is being stored", 2, 4, 1, false, 3, true},
      {"admitted but not stored yet", 3, 4, 0, false, 4, true},
      {"a charge that came to nothing, after the rest", 3, 4, 0, true, 3, false},
      {"objects from before the quota", 5, 0, 0, false, 5, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const QuotaPlan plan = PlanQuota({Pods(10), Pods(10), Pods(c.used), Pods(c.counted), Pods(c.gone), c.rested});
    EXPECT_EQ(plan.used.at("pods").Value(), c.want);
    EXPECT_EQ(plan.recheck, c.recheck);
    EXPECT_EQ(plan.write, c.want != c.used);
  }
}

TEST(PlanQuota, TakesOverNewLimitsAndDropsOldNames) {
  const QuotaPlan plan = PlanQuota({Pods(2), {{"services", Quantity::FromInt(1)}}, {{"services", Quantity::FromInt(1)}}, Pods(0)});
  EXPECT_TRUE(plan.write);
  EXPECT_EQ(plan.hard.size(), 1u);
  EXPECT_EQ(plan.used.size(), 1u);
}

}  // namespace
}  // namespace controller_manager
