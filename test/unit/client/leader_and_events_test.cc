#include <gtest/gtest.h>

#include "client/event_correlator.h"
#include "client/leader_election.h"

namespace client {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1700000000);

TEST(MayTakeLeaseTest, Rules) {
  struct Case {
    const char* name;
    LeaseView view;
    absl::Duration seen_ago;
    bool want;
  };
  const Case cases[] = {
      {"no lease", {}, absl::ZeroDuration(), true},
      {"released", {true, "", kNow, 3}, absl::ZeroDuration(), true},
      {"our own", {true, "me", kNow, 3}, absl::ZeroDuration(), true},
      {"another's, fresh", {true, "you", kNow, 3}, absl::Seconds(14), false},
      {"another's, silent by our clock", {true, "you", kNow, 3}, absl::Seconds(16), true},
      {"another's with a clock far behind", {true, "you", kNow - absl::Hours(9), 3}, absl::Seconds(1), false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(MayTakeLease(c.view, "me", kNow - c.seen_ago, absl::Seconds(15), kNow), c.want);
  }
}

TEST(EventCorrelatorTest, RepeatsCountUpOnTheSameEvent) {
  EventCorrelator correlator;
  EventDecision first = correlator.Decide("pod", "Normal", "Pulled", "image", kNow);
  EXPECT_EQ(first.count, 1);
  correlator.Remember(first, "pod.1");
  const EventDecision second = correlator.Decide("pod", "Normal", "Pulled", "image", kNow + absl::Seconds(3));
  EXPECT_EQ(second.count, 2);
  EXPECT_EQ(second.name, "pod.1");
  EXPECT_EQ(second.first_seen, kNow);
}

TEST(EventCorrelatorTest, TheTenthSimilarMessageIsCombined) {
  EventCorrelator correlator;
  for (int i = 1; i <= 9; ++i) {
    EXPECT_EQ(correlator.Decide("rs", "Normal", "Created", "pod " + std::to_string(i), kNow).message,
              "pod " + std::to_string(i));
  }
  EXPECT_EQ(correlator.Decide("rs", "Normal", "Created", "pod 10", kNow).message,
            "(combined from similar events): pod 10");
}

TEST(EventCorrelatorTest, AFloodAboutOneObjectIsCutAfterTwentyFive) {
  EventCorrelator correlator;
  int sent = 0;
  for (int i = 0; i < 100; ++i) sent += correlator.Decide("pod", "Warning", "BackOff", "again", kNow).drop ? 0 : 1;
  EXPECT_EQ(sent, 25);
  EXPECT_FALSE(correlator.Decide("other", "Warning", "BackOff", "again", kNow).drop);
  EXPECT_FALSE(correlator.Decide("pod", "Warning", "BackOff", "again", kNow + absl::Minutes(5)).drop);
}

}  // namespace
}  // namespace client
