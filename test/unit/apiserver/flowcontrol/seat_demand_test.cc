#include "apiserver/flowcontrol/seat_demand.h"

#include <gtest/gtest.h>

namespace apiserver::flowcontrol {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);

TEST(SeatDemandTest, APeriodIsToldWhenItIsOver) {
  SeatDemand demand(kStart);
  demand.Set(4, kStart);
  demand.Set(0, kStart + absl::Seconds(5));
  EXPECT_EQ(demand.Last(kStart + absl::Seconds(9)).most, 0);
  const SeatDemand::Period& last = demand.Last(kStart + absl::Seconds(10));
  EXPECT_DOUBLE_EQ(last.average, 2);
  EXPECT_DOUBLE_EQ(last.deviation, 2);
  EXPECT_EQ(last.most, 4);
  EXPECT_DOUBLE_EQ(last.smoothed, 4);  // rises at once
}

TEST(SeatDemandTest, WhatIsSmoothedFallsSlowly) {
  SeatDemand demand(kStart);
  demand.Set(100, kStart);
  demand.Set(0, kStart + absl::Seconds(10));
  EXPECT_DOUBLE_EQ(demand.Last(kStart + absl::Seconds(10)).smoothed, 100);
  EXPECT_NEAR(demand.Last(kStart + absl::Seconds(20)).smoothed, 97.7, 1e-9);
  EXPECT_EQ(demand.Last(kStart + absl::Seconds(30)).most, 0);
}

TEST(SeatDemandTest, LongSilenceIsCaughtUpWith) {
  SeatDemand demand(kStart);
  demand.Set(3, kStart);
  const SeatDemand::Period& last = demand.Last(kStart + absl::Hours(24 * 30));
  EXPECT_DOUBLE_EQ(last.average, 3);
  EXPECT_EQ(last.most, 3);
}

}  // namespace
}  // namespace apiserver::flowcontrol
