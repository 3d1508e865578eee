#include "etcdlite/ctl/txn_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/kv.pb.h"
#include "etcdlite/ctl/args.h"
#include "etcdlite/ctl/printer.h"

namespace etcdlite::ctl {
namespace {

using testing::ElementsAre;

TEST(TxnParserTest, Comparisons) {
  etcdserverpb::Compare compare;
  ASSERT_TRUE(ParseCompare(R"(mod("a") > "3")", &compare).ok());
  EXPECT_EQ(compare.ShortDebugString(), R"(result: GREATER target: MOD key: "a" mod_revision: 3)");
  compare.Clear();
  ASSERT_TRUE(ParseCompare(R"( value("k 1") != "x\"y" )", &compare).ok());
  EXPECT_EQ(compare.value(), "x\"y");
  EXPECT_EQ(compare.result(), etcdserverpb::Compare::NOT_EQUAL);
  EXPECT_EQ(ParseCompare("bad line", &compare).message(), "malformed comparison: bad line");
  EXPECT_FALSE(ParseCompare(R"(mod("a") > "x")", &compare).ok());
}

TEST(TxnParserTest, Operations) {
  etcdserverpb::RequestOp op;
  ASSERT_TRUE(ParseOperation(R"(put "a key" 'a value' --lease=ff)", &op).ok());
  EXPECT_EQ(op.request_put().key(), "a key");
  EXPECT_EQ(op.request_put().value(), "a value");
  EXPECT_EQ(op.request_put().lease(), 255);
  ASSERT_TRUE(ParseOperation("get foo --prefix --limit 3", &op).ok());
  EXPECT_EQ(op.request_range().range_end(), "fop");
  EXPECT_EQ(op.request_range().limit(), 3);
  EXPECT_EQ(ParseOperation("foo a", &op).message(), "invalid txn request: foo a");
}

TEST(ArgsTest, FlagsAnywhereInEitherForm) {
  const auto args = ParseArgs({"get", "-w", "json", "key", "--prefix", "--limit=3", "--", "--x"}, {"prefix"}, {"write-out", "limit"});
  ASSERT_TRUE(args.ok());
  EXPECT_THAT(args->words, ElementsAre("get", "key", "--x"));
  EXPECT_EQ(args->Get("write-out"), "json");
  EXPECT_EQ(args->Int("limit"), 3);
  EXPECT_TRUE(args->Bool("prefix"));
  EXPECT_EQ(ParseArgs({"--nosuch"}, {}, {}).status().message(), "unknown flag: --nosuch");
}

TEST(PrinterTest, GoForms) {
  EXPECT_EQ(GoQuote("a\"\n\xff"), R"("a\"\n\xff")");
  EXPECT_EQ(GoDuration(3177573), "3.177573ms");
  EXPECT_EQ(GoDuration(1500000000), "1.5s");
  EXPECT_EQ(HumanBytes(20480), "20 kB");
  EXPECT_EQ(HumanBytes(2147483648), "2.1 GB");
  EXPECT_EQ(HumanBytes(7), "7 B");
}

}  // namespace
}  // namespace etcdlite::ctl
