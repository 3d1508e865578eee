// The evaluator by small examples; what upstream says of larger ones is in golden_test.cc.
#include "apimachinery/cel/cel.h"

#include <gtest/gtest.h>

#include "apimachinery/cel/conversions.h"
#include "apimachinery/json.h"

namespace apimachinery::cel {
namespace {

// What an expression gives: a value as text, or the error.
std::string Answer(absl::string_view expression, const Bindings& bindings = {}, Env env = {}) {
  for (const auto& [name, value] : bindings) env.Variable(name, DynType());
  const auto program = Compile(expression, env);
  if (!program.ok()) return std::string(program.status().message());
  const Outcome out = program->Evaluate(bindings, kPerCallLimit);
  if (!out.ok()) return "error: " + out.error;
  return WriteJson(out.value.ToValue());
}

TEST(CelTest, EvaluatesWhatTheLanguageDefines) {
  struct Case {
    const char* expression;
    const char* want;
  };
  const Case cases[] = {
      {"1 + 2 * 3", "7"},
      {"(1 + 2) * 3 == 9 && !(1 > 2)", "true"},
      {"-7 / 2", "-3"},
      {"-7 % 3", "-1"},
      {"5u - 3u", "2"},
      {"1 / 0", "error: division by zero"},
      {"9223372036854775807 + 1", "error: integer overflow"},
      {"0u - 1u", "error: unsigned integer overflow"},
      {"1 == 1.0 && 1u == dyn(1) && dyn(2) > 1.5", "found no matching overload"},
      {"dyn(1) == dyn(1.0) && dyn(1u) == dyn(1) && 2 > 1.5", "true"},
      {"'a' + \"b\" + r'\\n' + '\\u00e9'", "\"ab\\\\né\""},
      {"size('é') == 1 && size(b'\\xc3\\xa9') == 2", "true"},
      {"[1, 2, 3].map(x, x * x)", "[1,4,9]"},
      {"[1, 2, 3].filter(x, x % 2 == 1)", "[1,3]"},
      {"[1, 2, 3].exists_one(x, x == 2)", "true"},
      {"{'a': 1, 'b': 2}.all(k, k < 'c')", "true"},
      {"[3, 1, 2].all(i, v, v > i - 3)", "true"},
      {"['a', 'b'].transformList(i, v, v + string(i))", "[\"a0\",\"b1\"]"},
      {"{'a': 1}.transformMap(k, v, v + 1)", "{\"a\":2}"},
      {"1 in [1, 2] && !('x' in {'y': 1})", "true"},
      {"has({'a': 1}.a) && !has({'a': 1}.b)", "true"},
      {"{'a': 1}.b", "error: no such key: b"},
      {"[1][5]", "error: index out of bounds: 5"},
      {"true || 1 / 0 > 1", "true"},
      {"1 / 0 > 1 || true", "true"},
      {"false || 1 / 0 > 1", "error: division by zero"},
      {"[0, 1].exists(x, 1 / x == 1)", "true"},
      {"{'a': {'b': 5}}.?a.?b.orValue(1)", "5"},
      {"{'a': 1}[?'b'].hasValue()", "false"},
      {"optional.of(4).optMap(x, x + 1).value()", "5"},
      {"optional.none().value()", "error: optional.none() dereference"},
      {"duration('1h30m') + duration('30m') == duration('2h')", "true"},
      {"timestamp('2023-08-26T12:39:00-07:00').getHours()", "19"},
      {"string(timestamp('2023-08-26T12:39:00.5Z'))", "\"2023-08-26T12:39:00.5Z\""},
      {"int('12') + int(3.9) + int(2u)", "17"},
      {"type(1) == int && type([]) == list && type('a') != int", "true"},
      {"'hello'.matches('^h.*o$') && 'abc'.contains('b')", "true"},
      {"'a-b-c'.split('-').join('+')", "\"a+b+c\""},
      {"'%s has %d'.format(['x', 3])", "\"x has 3\""},
      {"'%d of %d'.format([1, 3])", "\"1 of 3\""},
      {"quantity('1Gi').isGreaterThan(quantity('1G'))", "true"},
      {"cidr('10.0.0.0/8').containsIP('10.1.2.3') && ip('::1').isLoopback()", "true"},
      {"semver('1.2.3').isLessThan(semver('1.10.0'))", "true"},
      {"url('https://example.com:80/a%20b?x=1').getPort()", "\"80\""},
      {"format.dns1123Label().validate('A_b').hasValue()", "true"},
      {"sets.contains([1, 2, 3], [2]) && [3, 1].sort() == [1, 3]", "true"},
      {"[1, 2, 3].sum() == 6 && [2, 9].max() == 9 && [[1], [2]].flatten() == [1, 2]", "true"},
      {"[{'n': 2}, {'n': 1}].sortBy(e, e.n)[0].n", "1"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.expression);
    const std::string got = Answer(c.expression);
    if (got.find("ERROR:") == 0) {
      EXPECT_NE(got.find(c.want), std::string::npos) << got;
    } else {
      EXPECT_EQ(got, c.want);
    }
  }
}

TEST(CelTest, SeesTreesWithoutCopying) {
  const Value tree = *ParseJson(R"({"spec":{"replicas":3,"names":["a","b"],"labels":{"x-y":"z"}}})");
  const Bindings bindings = {{"self", Val::View(tree)}};
  EXPECT_EQ(Answer("self.spec.replicas + 1", bindings), "4");
  EXPECT_EQ(Answer("self.spec.names.exists(n, n == 'b')", bindings), "true");
  EXPECT_EQ(Answer("self.spec.labels['x-y']", bindings), "\"z\"");
  EXPECT_EQ(Answer("self.missing", bindings), "error: no such key: missing");
}

TEST(CelTest, ChecksTypesFromASchema) {
  const Value schema = *ParseJson(R"({"type":"object","properties":{
      "replicas":{"type":"integer"},"names":{"type":"array","maxItems":10,"items":{"type":"string","maxLength":5}},
      "when":{"type":"string","format":"date-time"},"x-y":{"type":"boolean"}}})");
  const DeclTypePtr type = DeclTypeOf(schema, false, "self.type");
  Env env;
  env.Declare(type);
  env.Variable("self", type->type);
  EXPECT_TRUE(Compile("self.replicas > 1 && self.x__dash__y && self.when.getFullYear() > 2000", env).ok());
  EXPECT_EQ(Compile("self.replicas == 'a'", env).status().message(),
            "ERROR: <input>:1:15: found no matching overload for '_==_' applied to '(int, string)'\n"
            " | self.replicas == 'a'\n"
            " | ..............^");
  EXPECT_EQ(Compile("self.nope", env).status().message(),
            "ERROR: <input>:1:5: undefined field 'nope'\n | self.nope\n | ....^");
  const auto program = Compile("self.names.all(n, n.size() > 1)", env);
  ASSERT_TRUE(program.ok());
  EXPECT_EQ(program->EstimateCost(type.get()).max, 3 + 10 * (2 + 1 + 1 + 1 + 1));
}

TEST(CelTest, StopsAtTheBudget) {
  const auto program = Compile("lists.range(100000).all(x, x >= 0 || x < 5)", Env());
  ASSERT_TRUE(program.ok()) << program.status();
  const Outcome out = program->Evaluate(Bindings{}, 1000);
  EXPECT_TRUE(out.over_budget);
  EXPECT_EQ(out.error, "operation cancelled: actual cost limit exceeded");
}

TEST(CelTest, BoundsDepth) {
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += '(';
  deep += '1';
  for (int i = 0; i < 300; ++i) deep += ')';
  EXPECT_EQ(Answer(deep), "ERROR: <input>:-1:0: expression recursion limit exceeded: 250");
  std::string chain = "1";
  for (int i = 0; i < 251; ++i) chain += "+1";
  EXPECT_EQ(Answer(chain), "ERROR: <input>:-1:0: max recursion depth exceeded");
}

}  // namespace
}  // namespace apimachinery::cel
