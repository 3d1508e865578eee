#include "base/http/memory_budget.h"

#include <gtest/gtest.h>

#include "base/heap_keeper.h"

namespace base::http {
namespace {

constexpr int64_t kSmall = MemoryShare::kAlways;

TEST(MemoryBudget, SmallSharesAreAlwaysGrantedLargeOnesWhileThereIsRoom) {
  MemoryBudget budget(4 * kSmall);
  MemoryShare large(budget), small(budget), other(budget);
  EXPECT_TRUE(large.Resize(4 * kSmall));
  EXPECT_FALSE(budget.exceeded());
  EXPECT_TRUE(small.Resize(kSmall));
  EXPECT_TRUE(budget.exceeded());
  EXPECT_FALSE(large.Add(1));
  EXPECT_TRUE(large.Resize(3 * kSmall));  // giving up is never refused
  EXPECT_FALSE(budget.exceeded());
}

TEST(MemoryBudget, AShareThatEndsIsFreeAgain) {
  MemoryBudget budget(kSmall);
  {
    MemoryShare share(budget);
    share.Resize(10 * kSmall);
    EXPECT_EQ(budget.used(), 10 * kSmall);
  }
  EXPECT_EQ(budget.used(), 0);
  EXPECT_FALSE(budget.exceeded());
}

TEST(HeapKeeper, TrimsWhenMuchMoreIsResidentThanInUse) {
  constexpr int64_t kMiB = 1 << 20;
  EXPECT_FALSE(WorthTrimming(60 * kMiB, 10 * kMiB));
  EXPECT_TRUE(WorthTrimming(90 * kMiB, 10 * kMiB));
  EXPECT_FALSE(WorthTrimming(1400 * kMiB, 1000 * kMiB));
  EXPECT_TRUE(WorthTrimming(1600 * kMiB, 1000 * kMiB));
}

}  // namespace
}  // namespace base::http
