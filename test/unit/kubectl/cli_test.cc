#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"
#include "kubectl/cli/flags.h"
#include "kubectl/cli/tabwriter.h"

namespace kubectl {
namespace {

using ::testing::ElementsAre;

std::string Tabbed(TabWriter::Options options, absl::string_view text) {
  StringWriter out;
  TabWriter writer(&out, options);
  writer.Write(text);
  writer.Flush();
  return out.text();
}

TEST(TabWriterTest, ColumnIsARunOfLines) {
  EXPECT_EQ(Tabbed({0, 2, false}, "a\tb\nlong\tc\nno tab\nx\ty\n"),
            "a     b\nlong  c\nno tab\nx  y\n");
}

TEST(TabWriterTest, TextAfterTheLastTabHasNoColumn) {
  EXPECT_EQ(Tabbed({6, 3, true}, "NAME\tAGE\nlonger-name\t5s\n"),
            "NAME          AGE\nlonger-name   5s\n");
}

TEST(TabWriterTest, InnerColumnsEndWhereALineLacksThem) {
  EXPECT_EQ(Tabbed({0, 2, false}, "a\tb\tc\nd\te\nf\tgggg\th\n"), "a  b  c\nd  e\nf  gggg  h\n");
}

TEST(TabWriterTest, RememberedWidthsSurviveFlush) {
  StringWriter out;
  TabWriter writer(&out, {6, 3, true});
  writer.Write("a-long-name\tx\n");
  writer.Flush();
  writer.Write("b\ty\n");
  writer.Flush();
  EXPECT_EQ(out.text(), "a-long-name   x\nb             y\n");
}

TEST(TabWriterTest, CountsCharactersNotBytes) {
  EXPECT_EQ(Tabbed({0, 2, false}, "é\tb\nab\tc\n"), "é   b\nab  c\n");
}

struct Parsing {
  std::string text = "none", name;
  bool flag = false, other = false;
  int64_t number = 1;
  std::vector<std::string> list, array;
  absl::Duration duration;
  FlagSet flags;
  FlagSet::Parsed parsed;

  absl::Status Parse(const std::vector<std::string>& words) {
    flags.String(&text, "dry-run", "", "").no_value = "unchanged";
    flags.String(&name, "namespace", "n", "");
    flags.Bool(&flag, "stdin", "i", "");
    flags.Bool(&other, "tty", "t", "");
    flags.Int(&number, "replicas", "", "");
    flags.List(&list, "filename", "f", "");
    flags.Array(&array, "env", "", "");
    flags.Duration(&duration, "timeout", "", "");
    return flags.Parse(words, nullptr, &parsed);
  }
};

TEST(FlagsTest, EveryForm) {
  Parsing p;
  ASSERT_TRUE(p.Parse({"a", "--dry-run", "-it", "-nfoo", "--replicas=3", "-f", "x,y", "-f=z",
                       "--env", "A=b,c", "--timeout=1m30s", "b", "--", "-c"})
                  .ok());
  EXPECT_EQ(p.text, "unchanged");
  EXPECT_EQ(p.name, "foo");
  EXPECT_TRUE(p.flag && p.other);
  EXPECT_EQ(p.number, 3);
  EXPECT_THAT(p.list, ElementsAre("x", "y", "z"));
  EXPECT_THAT(p.array, ElementsAre("A=b,c"));
  EXPECT_EQ(p.duration, absl::Seconds(90));
  EXPECT_THAT(p.parsed.args, ElementsAre("a", "b", "-c"));
  EXPECT_EQ(p.parsed.dash_at, 2);
}

TEST(FlagsTest, Complaints) {
  struct Case {
    std::vector<std::string> words;
    std::string want;
  };
  const Case cases[] = {
      {{"--foo"}, "unknown flag: --foo"},
      {{"-x"}, "unknown shorthand flag: 'x' in -x"},
      {{"-n"}, "flag needs an argument: 'n' in -n"},
      {{"--namespace"}, "flag needs an argument: --namespace"},
      {{"--replicas=x"},
       "invalid argument \"x\" for \"--replicas\" flag: strconv.ParseInt: parsing \"x\": invalid "
       "syntax"},
      {{"-i=maybe"},
       "invalid argument \"maybe\" for \"-i, --stdin\" flag: strconv.ParseBool: parsing \"maybe\": "
       "invalid syntax"},
      {{"--timeout=5"},
       "invalid argument \"5\" for \"--timeout\" flag: time: missing unit in duration \"5\""},
  };
  for (const Case& c : cases) {
    Parsing p;
    EXPECT_EQ(p.Parse(c.words).message(), c.want);
  }
}

TEST(FlagsTest, GoDurations) {
  EXPECT_EQ(FormatGoDuration(absl::Minutes(1)), "1m0s");
  EXPECT_EQ(FormatGoDuration(absl::ZeroDuration()), "0s");
  EXPECT_EQ(FormatGoDuration(absl::Seconds(3661)), "1h1m1s");
  EXPECT_EQ(*ParseGoDuration("1h2m3.5s"),
            absl::Hours(1) + absl::Minutes(2) + absl::Milliseconds(3500));
}

TEST(ErrorsTest, ServerRefusals) {
  struct Case {
    std::string status, want;
  };
  const Case cases[] = {
      {R"({"message":"pods \"x\" not found","reason":"NotFound"})",
       "Error from server (NotFound): pods \"x\" not found\n"},
      {R"({"message":"odd"})", "Error from server: odd\n"},
      {R"({"message":"no","reason":"Unauthorized"})",
       "error: You must be logged in to the server (no)\n"},
      {R"({"message":"m","reason":"Invalid","details":{"kind":"Pod","name":"X","causes":[{"field":"a","message":"b"}]}})",
       "The Pod \"X\" is invalid: a: b\n"},
      {R"({"message":"m","reason":"Invalid","details":{"kind":"Pod","name":"X","causes":[{"field":"a","message":"b"},{"field":"c","message":"d"}]}})",
       "The Pod \"X\" is invalid: \n* a: b\n* c: d\n"},
  };
  for (const Case& c : cases) EXPECT_EQ(RenderError(ApiError(*ParseJson(c.status))), c.want);
}

TEST(ErrorsTest, ContextGoesIntoTheServersMessage) {
  const absl::Status status =
      AddContext(ApiError(*ParseJson(R"({"message":"m","reason":"Conflict"})")),
                 "error when creating \"f\": ");
  EXPECT_EQ(RenderError(status), "Error from server (Conflict): error when creating \"f\": m\n");
}

TEST(ErrorsTest, SeveralErrorsOneALine) {
  EXPECT_EQ(RenderError(Aggregate({Error("a"), absl::OkStatus(), Error("b")})),
            "a\nb\n");
  EXPECT_EQ(RenderError(Aggregate({Error("a")})), "error: a\n");
  EXPECT_TRUE(Aggregate({}).ok());
}

TEST(ErrorsTest, ExitCodes) {
  EXPECT_EQ(ExitCode(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCode(Error("a")), 1);
  EXPECT_EQ(ExitCode(Rendered("command terminated with exit code 7", 7)), 7);
  EXPECT_EQ(RenderError(Rendered("")), "");
}

TEST(ParseDocuments, TakesJsonObjectsOneAfterTheOtherAndTheLastOfTwoMembers) {
  struct Case {
    absl::string_view text;
    std::vector<std::string> want;
  };
  for (const Case& c : {Case{"{\"a\":1}\n{\"b\":\"}{\"}", {R"({"a":1})", R"({"b":"}{"})"}},
                        Case{"{\"a\":1}{\"b\":2}\n---\nc: 3\n", {R"({"a":1})", R"({"b":2})", R"({"c":3})"}},
                        Case{"{a: 1}\n", {R"({"a":1})"}}, Case{"a: 1\na: 2\n", {R"({"a":2})"}}, Case{"", {}}}) {
    SCOPED_TRACE(c.text);
    const auto documents = ParseDocuments(c.text);
    ASSERT_TRUE(documents.ok()) << documents.status();
    std::vector<std::string> got;
    for (const Value& document : *documents) got.push_back(WriteJson(document));
    EXPECT_EQ(got, c.want);
  }
  EXPECT_EQ(ParseDocuments("{").status().message(), "unexpected EOF");
}

}  // namespace
}  // namespace kubectl
