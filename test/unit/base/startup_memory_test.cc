#include "base/startup_memory.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(StartupMemoryTest, OnlyMappingsThatEqualTheirFileAreGivenBack) {
  constexpr char kSmaps[] =
      "55d0a000-55d0b000 r--p 00000000 08:01 77 /usr/bin/daemon\n"
      "Rss:                   4 kB\nPrivate_Dirty:         0 kB\nAnonymous:             0 kB\nLocked:                0 kB\n"
      "55d0b000-55d1b000 r-xp 00001000 08:01 77 /usr/bin/daemon with blanks\n"
      "Rss:                  64 kB\nPrivate_Dirty:         0 kB\nAnonymous:             0 kB\nVmFlags: rd ex mr\n"
      "55d1b000-55d1c000 r--p 00011000 08:01 77 /usr/bin/daemon\n"  // relocated at start
      "Rss:                   4 kB\nPrivate_Dirty:         4 kB\nAnonymous:             4 kB\n"
      "55d1c000-55d1d000 rw-p 00012000 08:01 77 /usr/bin/daemon\n"
      "Rss:                   0 kB\nPrivate_Dirty:         0 kB\nAnonymous:             0 kB\n"
      "7f000000-7f001000 r--p 00000000 00:00 0 \n"
      "Rss:                   0 kB\nPrivate_Dirty:         0 kB\nAnonymous:             0 kB\n"
      "7f002000-7f003000 r-xp 00000000 00:00 0 [vdso]\n"
      "Rss:                   4 kB\nPrivate_Dirty:         0 kB\nAnonymous:             0 kB\n"
      "7f004000-7f005000 r--s 00000000 08:01 78 /var/shared\n"
      "Rss:                   4 kB\nPrivate_Dirty:         0 kB\nAnonymous:             0 kB\n";
  const std::vector<AddressRange> got = CleanFileMappings(kSmaps);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].begin, 0x55d0a000u);
  EXPECT_EQ(got[0].end, 0x55d0b000u);
  EXPECT_EQ(got[1].begin, 0x55d0b000u);
  EXPECT_EQ(got[1].end, 0x55d1b000u);
  EXPECT_TRUE(CleanFileMappings("").empty());
}

TEST(StartupMemoryTest, AProcessGoesOnAsBefore) {
  ReleaseStartupMemory();
  const std::vector<std::string> words = {"still", "here"};
  EXPECT_EQ(words[0] + words[1], "stillhere");
}

}  // namespace
}  // namespace base
