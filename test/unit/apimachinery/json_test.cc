#include "apimachinery/json.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace apimachinery {
namespace {

TEST(JsonTest, PrintsAsGoDoes) {
  struct Case { const char* json; const char* want; };
  const Case cases[] = {
      {R"({"b":1,"a":[true,null,"x"]})", R"({"b":1,"a":[true,null,"x"]})"},
      {R"(["<a>&\u2028\u2029"])", R"(["\u003ca\u003e\u0026\u2028\u2029"])"},
      {R"(["\b\f\n\r\t\u0001\u007f\/"])", "[\"\\b\\f\\n\\r\\t\\u0001\x7f/\"]"},
      {R"(["\ud83d\ude00","\ud83d","\ude00x"])", "[\"😀\",\"\xef\xbf\xbd\",\"\xef\xbf\xbdx\"]"},
      {"[\"\xff\"]", "[\"\xef\xbf\xbd\"]"},
      {"[1.0,1e3,0.000001,1e-7,1e20,1e21,123456789012345678901234567890,-0.5]",
       "[1,1000,0.000001,1e-7,100000000000000000000,1e+21,1.2345678901234568e+29,-0.5]"},
      {"[9223372036854775807,9223372036854775808,-9223372036854775808]",
       "[9223372036854775807,9223372036854776000,-9223372036854775808]"},  // shortest digits, then zeros
      {"[-0.0,18446744073709551615,1.5e20]", "[0,18446744073709552000,150000000000000000000]"},
      {" { } ", "{}"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.json);
    absl::StatusOr<Value> value = ParseJson(c.json);
    ASSERT_TRUE(value.ok()) << value.status();
    EXPECT_EQ(WriteJson(*value), c.want);
  }
}

TEST(JsonTest, NumbersKeepTheirTextOnDemand) {
  ParseOptions options;
  options.number_text = true;
  EXPECT_EQ(WriteJson(*ParseJson("[1e3,1.50,7,99999999999999999999]", options)), "[1e3,1.50,7,99999999999999999999]");
  const absl::StatusOr<Value> huge = ParseJson(R"([1e400,-7,1.0,"\"1e400",-1e999])", options);  // beyond any double, which only a reader of numbers minds
  ASSERT_TRUE(huge.ok()) << huge.status();
  EXPECT_EQ(WriteJson(*huge), R"([1e400,-7,1.0,"\"1e400",-1e999])");
  EXPECT_TRUE(huge->array()[1].is_int());
}

TEST(JsonTest, NumbersBeyondADoubleAreRefused) {
  for (const char* number : {"1e400", "-1e400", "1.7976931348623159e308"}) {
    EXPECT_EQ(ParseJson(std::string("{\"a\":") + number + "}").status().message(),
              std::string("json: cannot unmarshal number ") + number + " into Go value of type float64");
  }
}

TEST(JsonTest, TheLastOfDuplicatesWinsAndPathsAreReported) {
  std::vector<std::string> duplicates;
  ParseOptions options;
  options.duplicates = &duplicates;
  absl::StatusOr<Value> value = ParseJson(R"({"a":1,"b":[{"c":1,"c":2}],"a":3})", options);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(WriteJson(*value), R"({"a":3,"b":[{"c":2}]})");
  EXPECT_THAT(duplicates, testing::UnorderedElementsAre("a", "b[0].c"));
}

TEST(JsonTest, DepthIsBoundedAndDeepTreesAreHandledWithoutDeepStacks) {
  const std::string at_limit = std::string(10000, '[') + std::string(10000, ']');
  absl::StatusOr<Value> deep = ParseJson(at_limit);
  ASSERT_TRUE(deep.ok()) << deep.status();
  const Value copy = *deep;
  EXPECT_TRUE(copy == *deep);
  EXPECT_EQ(WriteJson(copy), at_limit);
  EXPECT_EQ(ParseJson("[" + at_limit + "]").status().message(), "invalid character '[' exceeded max depth");
}

TEST(JsonTest, AnEndInsideALiteralOrNumberIsASpaceThere) {
  struct Case { const char *text, *want; };
  const Case cases[] = {
      {R"({"a": t)", "invalid character ' ' in literal true (expecting 'r')"},
      {"[fals", "invalid character ' ' in literal false (expecting 'e')"},
      {"-", "invalid character ' ' in numeric literal"},
      {"[1.", "invalid character ' ' after decimal point in numeric literal"},
      {"[1e", "invalid character ' ' in exponent of numeric literal"},
      {R"(["\)", "invalid character ' ' in string escape code"},
      {R"(["a)", "unexpected end of JSON input"},
      {"[1", "unexpected end of JSON input"},
      {R"({"a":)", "unexpected end of JSON input"},
  };
  for (const Case& c : cases) EXPECT_EQ(ParseJson(c.text).status().message(), c.want) << c.text;
}

TEST(JsonTest, IndentsAsMarshalIndent) {
  EXPECT_EQ(WriteJsonIndented(*ParseJson(R"({"a":[],"b":{"c":[1,{}]}})"), "  "),
            "{\n  \"a\": [],\n  \"b\": {\n    \"c\": [\n      1,\n      {}\n    ]\n  }\n}");
}

TEST(JsonTest, CompactsRawTextInPlace) {
  EXPECT_EQ(*CompactJson(" {\"b\" : \"< \\\" >\" , \"a\":[ 1 ]}\n"), R"({"b":"\u003c \" \u003e","a":[1]})");
  EXPECT_FALSE(CompactJson("{").ok());
}

}  // namespace
}  // namespace apimachinery
