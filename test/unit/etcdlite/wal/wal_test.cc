#include "etcdlite/wal/wal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "etcdlite/wal/reconcile.h"
#include "etcdlite/wal/wal_frame.h"

namespace etcdlite::wal {
namespace {

class WalTest : public testing::Test {
 protected:
  WalTest() {
    char path[] = "/tmp/etcdl-wal-XXXXXX";
    dir_ = ::mkdtemp(path);
  }
  ~WalTest() override { std::filesystem::remove_all(dir_); }

  static raft::Entry E(uint64_t index, uint64_t term, std::string data = "data") {
    return {index, term, raft::EntryType::kNormal, std::make_shared<const std::string>(std::move(data))};
  }
  absl::Status Open(std::unique_ptr<Wal>* wal, Recovered* recovered) {
    *recovered = {};
    absl::StatusOr<std::unique_ptr<Wal>> opened = Wal::Open(dir_, recovered);
    if (!opened.ok()) return opened.status();
    *wal = *std::move(opened);
    return absl::OkStatus();
  }
  std::string OnlyFile() {
    for (const auto& file : std::filesystem::directory_iterator(dir_)) return file.path();
    return "";
  }
  // Three frames of one entry each.
  void WriteThree() {
    std::unique_ptr<Wal> wal;
    Recovered recovered;
    ASSERT_TRUE(Open(&wal, &recovered).ok());
    for (uint64_t i = 1; i <= 3; ++i) {
      const raft::HardState state{1, 7, i - 1};
      const std::vector<raft::Entry> entries{E(i, 1)};
      const Frame frame{.hard_state = &state, .entries = entries};
      ASSERT_TRUE(wal->Append({frame}).ok());
    }
  }
  void Damage(size_t offset, const std::string& bytes) {
    std::fstream file(OnlyFile(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  // Offset of the n-th frame.
  size_t FrameAt(int n) {
    const std::string content = *base::ReadFile(OnlyFile());
    size_t at = 0;
    for (int i = 0; i < n; ++i) at += ParseFrame(absl::string_view(content).substr(at))->size;
    return at;
  }

  std::string dir_;
  std::unique_ptr<Wal> wal_;
  Recovered recovered_;
};

TEST_F(WalTest, RecoversWhatWasAppended) {
  WriteThree();
  ASSERT_TRUE(Open(&wal_, &recovered_).ok());
  EXPECT_EQ(recovered_.hard_state, (raft::HardState{1, 7, 2}));
  EXPECT_THAT(recovered_.entries, testing::ElementsAre(E(1, 1), E(2, 1), E(3, 1)));
  EXPECT_FALSE(recovered_.torn_tail);
}

TEST_F(WalTest, LaterEntriesReplaceEarlierOnes) {
  WriteThree();
  ASSERT_TRUE(Open(&wal_, &recovered_).ok());
  const std::vector<raft::Entry> entries{E(2, 2, "new")};
  ASSERT_TRUE(wal_->Append({Frame{.entries = entries}}).ok());
  ASSERT_TRUE(Open(&wal_, &recovered_).ok());
  EXPECT_THAT(recovered_.entries, testing::ElementsAre(E(1, 1), E(2, 2, "new")));
}

TEST_F(WalTest, AMarkForgetsAllEntries) {
  WriteThree();
  ASSERT_TRUE(Open(&wal_, &recovered_).ok());
  const raft::SnapshotMark mark{9, 4, {.voters = {1, 2}}};
  const std::vector<raft::Entry> entries{E(10, 4)};
  ASSERT_TRUE(wal_->Append({Frame{.mark = &mark, .entries = entries}}).ok());
  ASSERT_TRUE(Open(&wal_, &recovered_).ok());
  EXPECT_EQ(recovered_.mark, mark);
  EXPECT_THAT(recovered_.entries, testing::ElementsAre(E(10, 4)));
}

TEST_F(WalTest, ATornTailIsCutOffAndWritingGoesOn) {
  WriteThree();
  Damage(FrameAt(2) + 30, "\xff");  // the last frame, half written
  ASSERT_TRUE(Open(&wal_, &recovered_).ok());
  EXPECT_TRUE(recovered_.torn_tail);
  EXPECT_THAT(recovered_.entries, testing::ElementsAre(E(1, 1), E(2, 1)));
  const std::vector<raft::Entry> entries{E(3, 2)};
  ASSERT_TRUE(wal_->Append({Frame{.entries = entries}}).ok());
  ASSERT_TRUE(Open(&wal_, &recovered_).ok());
  EXPECT_THAT(recovered_.entries, testing::ElementsAre(E(1, 1), E(2, 1), E(3, 2)));
  EXPECT_FALSE(recovered_.torn_tail);
}

// Found by fuzzing: a frame without all of its padding was taken for one that ends behind the end of the file.
TEST(WalFrameTest, AFrameIsWholeOnlyWithItsPadding) {
  const raft::HardState state{1, 7, 0};
  const Frame part{.hard_state = &state};
  std::string bytes;
  EncodeFrame(1, {part}, &bytes);
  ASSERT_EQ(bytes.size() % 8, 0);
  ASSERT_TRUE(ParseFrame(bytes).has_value());
  EXPECT_EQ(ParseFrame(bytes)->size, bytes.size());
  const size_t payload = ParseFrame(bytes)->payload.size();
  ASSERT_NE(payload % 8, 0);
  for (size_t size = kFrameHeader; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseFrame(absl::string_view(bytes).substr(0, size)).has_value()) << size;
  }
}

TEST_F(WalTest, ADamagedFrameWithFramesBehindItIsRefused) {
  WriteThree();
  Damage(FrameAt(1) + 30, "\xff");
  const absl::Status opened = Open(&wal_, &recovered_);
  EXPECT_TRUE(absl::IsDataLoss(opened));
  EXPECT_THAT(std::string(opened.message()), testing::HasSubstr("is damaged at offset"));
}

TEST_F(WalTest, ADamagedLengthInTheMiddleIsRefusedToo) {
  WriteThree();
  Damage(FrameAt(1) + 4, "\xff\xff\xff\x7f");
  EXPECT_TRUE(absl::IsDataLoss(Open(&wal_, &recovered_)));
}

TEST_F(WalTest, OldSegmentsGoOnceTheirEntriesAreReleased) {
  ASSERT_TRUE(Open(&wal_, &recovered_).ok());
  const std::string big(3 << 20, 'x');
  for (uint64_t i = 1; i <= 9; ++i) {
    const raft::HardState state{5, 3, i};
    const std::vector<raft::Entry> entries{E(i, 5, big)};
    ASSERT_TRUE(wal_->Append({Frame{.hard_state = &state, .entries = entries}}).ok());
  }
  const auto count = [&] { return std::distance(std::filesystem::directory_iterator(dir_), std::filesystem::directory_iterator()); };
  EXPECT_EQ(count(), 3);
  wal_->ReleaseUpTo(7);
  EXPECT_EQ(count(), 1);
  ASSERT_TRUE(Open(&wal_, &recovered_).ok());
  EXPECT_EQ(recovered_.hard_state, (raft::HardState{5, 3, 9}));  // repeated at the head of each segment
  EXPECT_EQ(recovered_.entries.back().index, 9u);
}

TEST(ReconcileTest, WhereTheLogGoesOn) {
  const auto entry = [](uint64_t index, uint64_t term) { return raft::Entry{index, term, raft::EntryType::kNormal, nullptr}; };
  Recovered log;
  log.hard_state = {3, 1, 6};
  for (uint64_t i = 2; i <= 8; ++i) log.entries.push_back(entry(i, 2));
  const auto middle = Reconcile({5, 2, {}}, log);
  ASSERT_TRUE(middle.ok());
  EXPECT_EQ(middle->initial.entries.front().index, 6u);
  EXPECT_FALSE(middle->needs_mark);
  // A snapshot of term 3 was installed; the log's tail belongs to another branch.
  const auto other_branch = Reconcile({7, 3, {}}, log);
  ASSERT_TRUE(other_branch.ok());
  EXPECT_TRUE(other_branch->initial.entries.empty());
  EXPECT_TRUE(other_branch->needs_mark);
  EXPECT_TRUE(Reconcile({20, 3, {}}, log)->needs_mark);
  Recovered gap;
  gap.entries = {entry(9, 2)};
  EXPECT_TRUE(absl::IsDataLoss(Reconcile({5, 2, {}}, gap).status()));
  Recovered lost;
  lost.hard_state.commit = 9;
  EXPECT_TRUE(absl::IsDataLoss(Reconcile({5, 2, {}}, lost).status()));
}

}  // namespace
}  // namespace etcdlite::wal
