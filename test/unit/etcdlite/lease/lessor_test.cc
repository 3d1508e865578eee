#include "etcdlite/lease/lessor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace etcdlite::lease {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
const absl::Duration kStart = absl::Seconds(1000);

TEST(LessorTest, GrantRevokeAndKeys) {
  Lessor lessor;
  ASSERT_TRUE(lessor.Grant(1, 10, 0, kStart).ok());
  EXPECT_EQ(lessor.Grant(1, 10, 0, kStart).message(), "etcdserver: lease already exists");
  lessor.Attach(1, "b");
  lessor.Attach(1, "a");
  lessor.Attach(1, "c");
  lessor.Detach(1, "c");
  lessor.Attach(9, "x");  // unknown: ignored
  const auto keys = lessor.Revoke(1);
  ASSERT_TRUE(keys.ok());
  EXPECT_THAT(*keys, ElementsAre("a", "b"));
  EXPECT_EQ(lessor.Revoke(1).status().message(), "etcdserver: requested lease not found");
}

TEST(LessorTest, OnlyALeaderEndsLeases) {
  Lessor lessor;
  ASSERT_TRUE(lessor.Grant(1, 10, 0, kStart).ok());
  EXPECT_THAT(lessor.TakeExpired(kStart + absl::Hours(1), 10), IsEmpty());
  lessor.Promote(kStart, absl::Seconds(1));
  EXPECT_THAT(lessor.TakeExpired(kStart + absl::Seconds(10), 10), IsEmpty());  // the grace period counts
  EXPECT_THAT(lessor.TakeExpired(kStart + absl::Seconds(11), 10), ElementsAre(1));
  EXPECT_THAT(lessor.TakeExpired(kStart + absl::Seconds(12), 10), IsEmpty());  // offered already
  EXPECT_THAT(lessor.TakeExpired(kStart + absl::Seconds(14), 10), ElementsAre(1));  // until it is revoked
}

TEST(LessorTest, RenewalStartsTheTimeAnewButNotAfterTheEnd) {
  Lessor lessor;
  lessor.Promote(kStart, absl::ZeroDuration());
  ASSERT_TRUE(lessor.Grant(1, 10, 0, kStart).ok());
  bool reset = false;
  EXPECT_EQ(lessor.Renew(1, kStart + absl::Seconds(9), &reset), 10);
  EXPECT_FALSE(reset);
  EXPECT_EQ(lessor.Remaining(1, kStart + absl::Seconds(12)), absl::Seconds(7));
  EXPECT_EQ(lessor.Renew(1, kStart + absl::Seconds(19), &reset), std::nullopt);
  EXPECT_EQ(lessor.Renew(2, kStart, &reset), std::nullopt);
}

TEST(LessorTest, ANewLeaderCountsFromTheLastCheckpoint) {
  Lessor lessor;
  ASSERT_TRUE(lessor.Grant(1, 1000, 0, kStart).ok());
  lessor.Checkpoint(1, 400, kStart);
  lessor.Promote(kStart, absl::ZeroDuration());
  EXPECT_EQ(lessor.Remaining(1, kStart), absl::Seconds(400));
  bool reset = false;
  EXPECT_EQ(lessor.Renew(1, kStart, &reset), 1000);
  EXPECT_TRUE(reset);  // the checkpoint is out of date everywhere
}

TEST(LessorTest, LongLeasesAreCheckpointed) {
  Lessor lessor;
  lessor.Promote(kStart, absl::ZeroDuration());
  ASSERT_TRUE(lessor.Grant(1, 60, 0, kStart).ok());
  ASSERT_TRUE(lessor.Grant(2, 3600, 0, kStart).ok());
  EXPECT_THAT(lessor.TakeCheckpoints(kStart + absl::Minutes(4), 10), IsEmpty());
  const auto due = lessor.TakeCheckpoints(kStart + absl::Minutes(5), 10);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].id, 2);
  EXPECT_EQ(due[0].remaining, 3300);
}

// An offer made before a lease was revoked must not end a lease that took its id later.
TEST(LessorTest, AnOldOfferDoesNotEndANewLeaseOfTheSameId) {
  Lessor lessor;
  lessor.Promote(kStart, absl::ZeroDuration());
  ASSERT_TRUE(lessor.Grant(1, 10, 0, kStart).ok());
  EXPECT_THAT(lessor.TakeExpired(kStart + absl::Seconds(10), 10), ElementsAre(1));
  ASSERT_TRUE(lessor.Revoke(1).ok());
  ASSERT_TRUE(lessor.Grant(1, 100, 0, kStart + absl::Seconds(11)).ok());
  EXPECT_THAT(lessor.TakeExpired(kStart + absl::Seconds(20), 10), IsEmpty());
}

}  // namespace
}  // namespace etcdlite::lease
