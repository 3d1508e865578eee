#include "client/work_queue.h"

#include <gtest/gtest.h>

namespace client {
namespace {

class WorkQueueTest : public testing::Test {
 protected:
  base::FakeClock clock_;
  WorkQueue queue_{{.clock = &clock_}};
};

TEST_F(WorkQueueTest, AddingTwiceBeforeWorkGivesOneItem) {
  queue_.Add("a");
  queue_.Add("a");
  queue_.Add("b");
  EXPECT_EQ(queue_.TryGet(), "a");
  EXPECT_EQ(queue_.TryGet(), "b");
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

TEST_F(WorkQueueTest, KeyAddedWhileWorkedOnComesAfterDone) {
  queue_.Add("a");
  ASSERT_EQ(queue_.TryGet(), "a");
  queue_.Add("a");
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
  queue_.Done("a");
  EXPECT_EQ(queue_.TryGet(), "a");
}

TEST_F(WorkQueueTest, DelayedKeyComesWhenDue) {
  queue_.AddAfter("a", absl::Seconds(5));
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(queue_.TryGet(), "a");
}

TEST_F(WorkQueueTest, TheEarliestOfTwoDelaysWins) {
  queue_.AddAfter("a", absl::Seconds(50));
  queue_.AddAfter("a", absl::Seconds(5));
  queue_.AddAfter("a", absl::Seconds(20));
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(queue_.TryGet(), "a");
  queue_.Done("a");
  clock_.Advance(absl::Seconds(100));
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

TEST_F(WorkQueueTest, BackoffDoublesPerFailureAndStartsOverAfterForget) {
  for (const int millis : {5, 10, 20, 40}) {
    queue_.AddRateLimited("a");
    clock_.Advance(absl::Milliseconds(millis) - absl::Microseconds(1));
    EXPECT_EQ(queue_.TryGet(), std::nullopt) << millis;
    clock_.Advance(absl::Microseconds(1));
    ASSERT_EQ(queue_.TryGet(), "a") << millis;
    queue_.Done("a");
  }
  EXPECT_EQ(queue_.Failures("a"), 4);
  queue_.Forget("a");
  queue_.AddRateLimited("a");
  clock_.Advance(absl::Milliseconds(5));
  EXPECT_EQ(queue_.TryGet(), "a");
}

TEST_F(WorkQueueTest, ShutDownEndsWaiting) {
  queue_.ShutDown();
  EXPECT_EQ(queue_.Get(), std::nullopt);
  queue_.Add("a");
  EXPECT_EQ(queue_.size(), 0u);
}

}  // namespace
}  // namespace client
