#include "base/rng.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(RngTest, SameSeedGivesSameSequence) {
  Rng a(7), b(7), c(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const uint64_t x = a.Next();
    EXPECT_EQ(x, b.Next());
    differs |= x != c.Next();
  }
  EXPECT_TRUE(differs);
}

TEST(RngTest, BelowStaysBelow) {
  Rng rng(1);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(rng.Below(3), 3u);
}

TEST(NewUidTest, IsAVersion4Uuid) {
  const std::string uid = NewUid();
  ASSERT_EQ(uid.size(), 36u);
  EXPECT_EQ(uid[14], '4');
  EXPECT_NE(std::string("89ab").find(uid[19]), std::string::npos);
  EXPECT_NE(uid, NewUid());
}

}  // namespace
}  // namespace base
