// Rounds with a clock and a loop of the test's own.
#include "base/http/rounds.h"

#include <gtest/gtest.h>

#include <deque>

namespace base::http {
namespace {

class Loop {
 public:
  Rounds MakeRounds() {
    return Rounds([this](Rounds::Task t) { posted.push_back(std::move(t)); },
                  [this](absl::Duration wait, Rounds::Task t) {
                    waits.push_back(wait);
                    timer = std::move(t);
                  },
                  [this] { return now; });
  }
  void Run() {  // until only time can bring more
    while (!posted.empty()) {
      const Rounds::Task task = std::move(posted.front());
      posted.pop_front();
      task();
    }
  }
  void Elapse() {
    now += waits.back();
    std::exchange(timer, nullptr)();
    Run();
  }

  absl::Duration now = absl::Hours(1);
  std::deque<Rounds::Task> posted;
  std::vector<absl::Duration> waits;
  Rounds::Task timer;
};

struct Stream final : RoundTask {
  Stream(Loop& loop, absl::Duration takes) : loop(loop), takes(takes) {}
  void RunRound() override {
    ++rounds;
    loop.now += takes;
  }
  Loop& loop;
  const absl::Duration takes;
  int rounds = 0;
};

TEST(RoundsTest, TheFirstRoundComesAtOnceAndServesEverybodyWithOneWakeUp) {
  Loop loop;
  auto rounds = loop.MakeRounds();
  std::vector<std::shared_ptr<Stream>> streams;
  for (int i = 0; i < 100; ++i) streams.push_back(std::make_shared<Stream>(loop, absl::Microseconds(1)));
  for (const auto& s : streams) rounds.Add(s);
  EXPECT_EQ(loop.posted.size(), 1u);
  loop.Run();
  for (const auto& s : streams) EXPECT_EQ(s->rounds, 1);
  EXPECT_TRUE(loop.waits.empty());
}

TEST(RoundsTest, TheRestGrowsWithTheRoundUpToSixteenMilliseconds) {
  struct Case { int streams; absl::Duration each, rest; };
  const Case cases[] = {{1, absl::Microseconds(10), absl::Microseconds(30)},
                        {100, absl::Microseconds(10), absl::Milliseconds(3)},
                        {1000, absl::Microseconds(10), absl::Milliseconds(16)}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.streams);
    Loop loop;
    auto rounds = loop.MakeRounds();
    const auto stream = std::make_shared<Stream>(loop, c.each);
    for (int i = 0; i < c.streams; ++i) rounds.Add(stream);
    loop.Run();
    rounds.Add(stream);
    rounds.Add(stream);
    loop.Run();
    ASSERT_EQ(loop.waits.size(), 1u);
    EXPECT_EQ(loop.waits[0], c.rest);
    EXPECT_EQ(stream->rounds, c.streams);
    loop.Elapse();
    EXPECT_EQ(stream->rounds, c.streams + 2);
  }
}

TEST(RoundsTest, OtherWorkComesBetweenSlicesOfAMillisecond) {
  Loop loop;
  auto rounds = loop.MakeRounds();
  const auto stream = std::make_shared<Stream>(loop, absl::Microseconds(100));
  for (int i = 0; i < 160; ++i) rounds.Add(stream);
  int at_request = 0;
  loop.posted.push_back([&] { loop.posted.push_back([&] { at_request = stream->rounds; }); });
  loop.Run();
  EXPECT_EQ(stream->rounds, 160);
  EXPECT_GT(at_request, 0);
  EXPECT_LT(at_request, 64);
}

TEST(RoundsTest, WhatComesDuringARoundIsForTheNextOne) {
  Loop loop;
  auto rounds = loop.MakeRounds();
  struct Again final : RoundTask {
    void RunRound() override {
      if (++runs == 1) rounds->Add(self.lock());
    }
    Rounds* rounds;
    std::weak_ptr<Again> self;
    int runs = 0;
  };
  const auto again = std::make_shared<Again>();
  again->rounds = &rounds;
  again->self = again;
  rounds.Add(again);
  loop.Run();
  EXPECT_EQ(again->runs, 2);  // the round took no time, so the next one needs no rest
}

}  // namespace
}  // namespace base::http
