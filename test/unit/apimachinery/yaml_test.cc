#include "apimachinery/yaml.h"

#include <gtest/gtest.h>

#include "apimachinery/json.h"

namespace apimachinery {
namespace {

TEST(YamlTest, PlainScalarsReadAsYaml11) {
  struct Case { const char* yaml; const char* json; };
  const Case cases[] = {
      {"a: yes", R"({"a":true})"}, {"a: off", R"({"a":false})"}, {"a: ~", R"({"a":null})"}, {"a:", R"({"a":null})"},
      {"a: 0x1f", R"({"a":31})"}, {"a: 010", R"({"a":8})"}, {"a: 1_000", R"({"a":1000})"}, {"a: 1.5", R"({"a":1.5})"},
      {"a: '1'", R"({"a":"1"})"}, {"a: 2026-01-01", R"({"a":"2026-01-01"})"}, {"1: b", R"({"1":"b"})"},
      {"true: b", R"({"true":"b"})"}, {"a: |\n  x\n  y\n", R"({"a":"x\ny\n"})"}, {"- a\n- 1", R"(["a",1])"},
      {"b: &x {c: 1}\na: *x", R"({"b":{"c":1},"a":{"c":1}})"},
      {"b: &x {c: 1, d: 2}\na: {<<: *x, c: 3}", R"({"b":{"c":1,"d":2},"a":{"c":3,"d":2}})"}, {"", "null"},
      {"a: {<<: {b: 2}}", R"({"a":{"b":2}})"}, {"a: {<<: [{b: 1}, {b: 2}]}", R"({"a":{"b":1}})"}, {".inf: a", R"({".inf":"a"})"},
      {"a: 1e400", R"({"a":"1e400"})"}, {"a: !!str 1", R"({"a":"1"})"}, {"a: !!int \"1\"", R"({"a":1})"}, {"a: !x 1", R"({"a":"1"})"},
      {"a: !!binary aGk=", R"({"a":"hi"})"}, {"a: 12:30", R"({"a":"12:30"})"}, {"a: 1\n---\nb: 2", R"({"a":1})"}, {"a:b", R"("a:b")"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.yaml);
    std::vector<std::string> duplicates;
    const auto got = ParseYaml(c.yaml, &duplicates);
    ASSERT_TRUE(got.ok()) << got.status();
    const auto want = ParseJson(c.json);
    EXPECT_TRUE(*got == *want) << WriteJson(*got);
  }
}

TEST(YamlTest, WholeFloatsAreIntegersByWayOfJson) {
  struct Case { const char* text; const char* json; bool is_int; };
  for (const Case& c : {Case{"2.0", "2", true}, Case{"1e10", "10000000000", true}, Case{"-1.0", "-1", true}, Case{"2.5", "2.5", false},
                        Case{"9223372036854775808.0", "9223372036854776000", false},
                        Case{"-9223372036854775809", "-9223372036854776000", false}, Case{"1234567890123456789.0", "1234567890123456800", true}}) {
    SCOPED_TRACE(c.text);
    for (const bool json : {true, false}) {
      const auto got = json ? ParseYamlOrJson(std::string("{\"a\":") + c.text + "}") : ParseYaml(std::string("a: ") + c.text);
      ASSERT_TRUE(got.ok()) << got.status();
      EXPECT_EQ(got->Find("a")->is_int(), c.is_int);
      EXPECT_EQ(WriteJson(*got->Find("a")), c.json);
    }
  }
}

// Recorded from upstream: no line for the first, and parsers count lines from zero.
TEST(YamlTest, WhatIsNoYamlIsToldInUpstreamsWords) {
  struct Case { const char* yaml; const char* problem; };
  const Case cases[] = {
      {"apiVersion: v1\nkind: ConfigMap\n  metadata: [", "yaml: line 3: mapping values are not allowed in this context"},
      {"a: b: c", "yaml: mapping values are not allowed in this context"},
      {"a: \"\\q\"", "yaml: found unknown escape character"},
      {"b: 1\na: \"\\/\"", "yaml: line 2: found unknown escape character"},
      {"a: \"\\x\"", "yaml: did not find expected hexdecimal number"},
      {"a: \"\\ud83d\"", "yaml: found invalid Unicode character escape code"},
      {"a: @x", "yaml: found character that cannot start any token"},
      {"a: \x01", "yaml: control characters are not allowed"},
      {"a: *x", "yaml: unknown anchor 'x' referenced"},
      {"a: &x [*x]", "yaml: anchor 'x' value contains itself"},
      {"a: !!int x", "yaml: cannot decode !!str `x` as a !!int"},
      {"a: {<<: x}", "yaml: map merge requires map or sequence of maps as the value"},
      {"? [a]\n: b", "yaml: invalid map key: []interface {}{\"a\"}"},
      {"null: b", "unsupported map key of type: %!s(<nil>), key: <nil>, value: \"b\""},
      {"a: -.inf", "json: unsupported value: -Inf"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.yaml);
    EXPECT_EQ(ParseYaml(c.yaml).status().message(), std::string("error converting YAML to JSON: ") + c.problem);
  }
}

TEST(YamlTest, RepeatedKeysAreNamedAsTheyRead) {
  std::vector<std::string> duplicates;
  ASSERT_TRUE(ParseYaml("a: 1\n1: x\na:\n  b\n1: y", &duplicates).ok());
  EXPECT_EQ(duplicates, (std::vector<std::string>{"line 4: key \"a\" already set in map", "line 5: key 1 already set in map"}));
}

TEST(YamlTest, JsonIsReadAsTheYamlThatItIs) {
  std::vector<std::string> duplicates;
  EXPECT_EQ(WriteJson(*ParseYamlFast(R"({"a":2.0})")), R"({"a":2})");
  EXPECT_EQ(WriteJson(*ParseYamlFast(R"({"a":1e400})")), R"({"a":"1e400"})");
  EXPECT_EQ(WriteJson(*ParseYamlFast(R"({"a":1,"a":2})", &duplicates)), R"({"a":2})");
  EXPECT_EQ(duplicates, std::vector<std::string>{"line 1: key \"a\" already set in map"});
  EXPECT_FALSE(ParseYamlFast(R"({"a":"\/"})").ok());
  EXPECT_FALSE(ParseYamlFast(R"({"a":"\ud83d\ude00"})").ok());
}

TEST(YamlTest, AliasBombIsRefused) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j == 0 ? "*a" : ",*a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_EQ(ParseYaml(bomb).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(YamlTest, DeepNestingIsRefusedNotFatal) {
  EXPECT_EQ(ParseYaml(std::string(100000, '[')).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(YamlTest, WritesQuotesOnlyWhereAReaderNeedsThem) {
  struct Case { const char* json; const char* yaml; };
  const Case cases[] = {
      {R"({"a":"true"})", "a: \"true\"\n"}, {R"({"a":"1"})", "a: \"1\"\n"}, {R"({"a":""})", "a: \"\"\n"},
      {R"({"a":"b: c"})", "a: 'b: c'\n"}, {R"({"a":"#b"})", "a: '#b'\n"}, {R"({"a":"it's"})", "a: it's\n"},
      {R"({"a":"x\ny\n"})", "a: |\n  x\n  y\n"}, {R"({"a":"x\ny"})", "a: |-\n  x\n  y\n"}, {R"({"a":" x"})", "a: ' x'\n"},
      {R"({"a":"t\tb"})", "a: \"t\\tb\"\n"}, {R"({"a":"2026-01-01T00:00:00Z"})", "a: \"2026-01-01T00:00:00Z\"\n"},
      {R"({"a10":1,"a9":2,"B":3})", "B: 3\na9: 2\na10: 1\n"}, {R"({"a":[{"b":1,"c":[]}],"d":{}})", "a:\n- b: 1\n  c: []\nd: {}\n"},
      {R"([["a","b"],{"c":null}])", "- - a\n  - b\n- c: null\n"},
  };
  for (const Case& c : cases) EXPECT_EQ(WriteYaml(*ParseJson(c.json)), c.yaml);
}

TEST(YamlTest, LongPlainTextFoldsAfterColumn80) {
  EXPECT_EQ(WriteYaml(*ParseJson("{\"m\":\"" + std::string(78, 'x') + " y z " + std::string(10, 'w') + " v\"}")),
            "m: " + std::string(78, 'x') + "\n  y z " + std::string(10, 'w') + " v\n");
}

TEST(YamlTest, DocumentsSplitAtMarkers) {
  const auto parts = SplitYamlDocuments("a: 1\n---\nb: 2\n--- # c\nd: 3\n");
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[1], "b: 2\n");
  EXPECT_EQ(parts[2], "d: 3\n");
}

}  // namespace
}  // namespace apimachinery
