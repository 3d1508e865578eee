#include "base/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/daemon_flags.h"

namespace base {
namespace {

struct Line {
  bool on = true;
  int number = 7;
  double share = 0.5;
  std::string mode = "a";
  std::vector<std::string> list = {"x"};
  absl::Duration period = absl::Seconds(40);
  FlagSet flags;

  Line() {
    flags.Bool(&on, "leader-elect", "", "h");
    flags.Int(&number, "port", "v", "h");
    flags.Double(&share, "share", "", "h");
    flags.Choice(&mode, "mode", {"a", "b"}, "h");
    flags.List(&list, "list", "", "h");
    flags.Duration(&period, "period", "", "h");
    flags.Alias("old-period", "period");
    flags.NoEffect({"profiling"}, "there is none", /*is_bool=*/true);
    flags.NoEffect({"cert-dir"}, "kept in memory");
  }
  absl::Status Parse(std::vector<std::string> words) {
    FlagSet::Parsed parsed;
    return flags.Parse(words, nullptr, &parsed);
  }
};

TEST(FlagsTest, BooleansStandAloneOrSayFalse) {
  Line line;
  ASSERT_TRUE(line.Parse({"--leader-elect=false", "-v=3", "--share", "0.25"}).ok());
  EXPECT_FALSE(line.on);
  EXPECT_EQ(line.number, 3);
  EXPECT_EQ(line.share, 0.25);
}

TEST(FlagsTest, ABadCommandLineIsRefusedInPflagsWords) {
  const struct {
    std::vector<std::string> words;
    const char* want;
  } cases[] = {
      {{"--nothing"}, "unknown flag: --nothing"},
      {{"--port"}, "flag needs an argument: --port"},
      {{"--port=x"}, "invalid argument \"x\" for \"-v, --port\" flag: strconv.ParseInt: parsing \"x\": invalid syntax"},
      {{"--leader-elect=maybe"}, "invalid argument \"maybe\" for \"--leader-elect\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax"},
      {{"--period=soon"}, "invalid argument \"soon\" for \"--period\" flag: time: invalid duration \"soon\""},
      {{"--mode=c"}, "invalid argument \"c\" for \"--mode\" flag: must be one of a, b"},
  };
  for (const auto& c : cases) EXPECT_EQ(Line().Parse(c.words).message(), c.want);
}

TEST(FlagsTest, AnAliasSetsTheFlagItStandsFor) {
  Line line;
  ASSERT_TRUE(line.Parse({"--old-period", "1m30s"}).ok());
  EXPECT_EQ(line.period, absl::Seconds(90));
  EXPECT_TRUE(line.flags.Changed("period"));
}

TEST(FlagsTest, TheFirstValueOfAListReplacesTheDefault) {
  Line line;
  ASSERT_TRUE(line.Parse({"--list=a,b", "--list", "c"}).ok());
  EXPECT_THAT(line.list, testing::ElementsAre("a", "b", "c"));
}

TEST(FlagsTest, FlagsWithoutEffectSayWhy) {
  Line line;
  ASSERT_TRUE(line.Parse({"--profiling", "--cert-dir", "/x"}).ok());
  EXPECT_THAT(line.flags.NoEffectWarnings(), testing::ElementsAre("Flag --profiling has no effect: there is none",
                                                                 "Flag --cert-dir has no effect: kept in memory"));
  EXPECT_THAT(FlagUsages(line.flags), testing::Not(testing::HasSubstr("cert-dir")));
}

// A flag stands in the group with the longest fitting start; what is in none comes first.
TEST(FlagsTest, HelpShowsFlagsInGroups) {
  Line line;
  EXPECT_EQ(FlagUsages(line.flags, {{"Waiting", {"p"}}, {"Serving", {"port"}}, {"Nothing", {"zzz"}}}),
            "Flags:\n"
            "      --leader-elect   h (default true)\n"
            "      --list           h (default [x])\n"
            "      --mode           h (default 'a')\n"
            "      --share          h (default 0.5)\n"
            "\nWaiting:\n"
            "      --period         h (default 40s)\n"
            "\nServing:\n"
            "  -v, --port           h (default 7)\n");
}

}  // namespace
}  // namespace base
