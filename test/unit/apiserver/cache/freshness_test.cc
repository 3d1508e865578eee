// Freshness with a store whose answers the test gives.
#include "apiserver/cache/freshness.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>

#include "absl/time/clock.h"

namespace apiserver::cache {
namespace {

class FreshnessTest : public testing::Test {
 protected:
  FreshnessTest() {
    Freshness::Ports ports;
    ports.ask = [this](std::function<void(absl::StatusOr<int64_t>)> answer) { questions_.push_back(std::move(answer)); };
    ports.shown = [this] { return shown_.load(); };
    ports.wait = [this](int64_t revision) {
      waited_.set_value(revision);
      return waiting_.get_future().get();
    };
    fresh_ = std::make_shared<Freshness>(std::move(ports));
  }
  bool Read() {
    return fresh_->When([this](absl::Status status) {
      told_.push_back(status);
      if (told_.size() == expected_) all_told_.set_value();
    });
  }
  void Answer(absl::StatusOr<int64_t> revision) {
    const auto answer = std::move(questions_.front());
    questions_.pop_front();
    answer(std::move(revision));
  }

  std::deque<std::function<void(absl::StatusOr<int64_t>)>> questions_;
  std::atomic<int64_t> shown_{10};
  std::promise<int64_t> waited_;
  std::promise<absl::Status> waiting_;
  std::vector<absl::Status> told_;
  size_t expected_ = 0;
  std::promise<void> all_told_;
  std::shared_ptr<Freshness> fresh_;
};

TEST_F(FreshnessTest, ReadsThatComeDuringAQuestionShareTheNextOne) {
  EXPECT_TRUE(Read());
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(Read());  // the first question began too early for them
  ASSERT_EQ(questions_.size(), 1u);
  Answer(10);
  EXPECT_EQ(told_.size(), 1u);
  ASSERT_EQ(questions_.size(), 1u);
  Answer(9);
  EXPECT_EQ(told_.size(), 51u);
  EXPECT_TRUE(questions_.empty());
  for (const absl::Status& status : told_) EXPECT_TRUE(status.ok()) << status;
}

TEST_F(FreshnessTest, ACacheThatIsBehindIsWaitedForElsewhere) {
  expected_ = 1;
  Read();
  Answer(11);
  EXPECT_EQ(waited_.get_future().get(), 11);
  EXPECT_TRUE(told_.empty());
  waiting_.set_value(absl::OkStatus());
  all_told_.get_future().get();
  EXPECT_TRUE(told_[0].ok());
}

TEST_F(FreshnessTest, AFailedQuestionIsAskedAgainElsewhere) {
  expected_ = 1;
  Read();
  Answer(absl::UnavailableError("connection refused"));
  EXPECT_EQ(waited_.get_future().get(), -1);
  waiting_.set_value(absl::DeadlineExceededError("too late"));
  all_told_.get_future().get();
  EXPECT_TRUE(absl::IsDeadlineExceeded(told_[0]));
}

TEST_F(FreshnessTest, ASilentStoreIsGivenUpAndItsLateAnswerIgnored) {
  Read();
  Read();
  fresh_->Tick(absl::Now());
  EXPECT_TRUE(told_.empty());
  fresh_->Tick(absl::Now() + absl::Seconds(4));
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_TRUE(absl::IsDeadlineExceeded(told_[0]));
  ASSERT_EQ(questions_.size(), 2u);  // the second read's has been opened
  Answer(10);                        // to the one that was given up
  EXPECT_EQ(told_.size(), 1u);
  Answer(10);
  EXPECT_EQ(told_.size(), 2u);
  EXPECT_TRUE(told_[1].ok());
}

TEST_F(FreshnessTest, TheEndIsToldAndNothingIsTakenAfterwards) {
  Read();
  Read();
  fresh_->Stop();
  ASSERT_EQ(told_.size(), 2u);
  EXPECT_TRUE(absl::IsUnavailable(told_[0]));
  EXPECT_FALSE(Read());
  Answer(10);
  EXPECT_EQ(told_.size(), 2u);
  fresh_.reset();
}

}  // namespace
}  // namespace apiserver::cache
