#include "apiserver/registry/event_leases.h"

#include <gtest/gtest.h>

#include "unit/apiserver/cache/fake_store.h"

namespace apiserver::registry {
namespace {

TEST(EventLeasesTest, EventsThatComeTogetherShareALease) {
  store::FakeStore store;
  EventLeases leases(store, absl::Hours(1));
  const absl::Time now = absl::UnixEpoch();
  EXPECT_EQ(*leases.Get(now), 1);
  EXPECT_EQ(*leases.Get(now + absl::Seconds(60)), 1);
  EXPECT_EQ(store.granted.front(), absl::Hours(1) + absl::Seconds(60));
}

TEST(EventLeasesTest, NoEventLivesShorterThanItShould) {
  store::FakeStore store;
  EventLeases leases(store, absl::Seconds(100));
  const absl::Time now = absl::UnixEpoch();
  EXPECT_EQ(*leases.Get(now), 1);
  EXPECT_EQ(*leases.Get(now + absl::Seconds(5)), 1);  // a twentieth of the time to live
  EXPECT_EQ(*leases.Get(now + absl::Seconds(6)), 2);
}

TEST(EventLeasesTest, ALeaseHoldsAThousand) {
  store::FakeStore store;
  EventLeases leases(store, absl::Hours(1));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(*leases.Get(absl::UnixEpoch()), 1);
  EXPECT_EQ(*leases.Get(absl::UnixEpoch()), 2);
}

}  // namespace
}  // namespace apiserver::registry
