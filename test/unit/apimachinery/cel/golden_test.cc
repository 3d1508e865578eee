// What upstream's compiler and evaluator said of many expressions: messages, types, estimates, values and costs.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/cel/cel.h"
#include "apimachinery/cel/conversions.h"
#include "apimachinery/go_number.h"
#include "apimachinery/json.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

// A value as the goldens write it: 1, 1u, 1d, "text", b6162, [..], {..}, optional(..), <type>.
std::string Show(const Val& v) {
  switch (v.kind()) {
    case Kind::kString: {
      std::string out;
      AppendJsonString(v.text(), &out);
      return out;
    }
    case Kind::kBytes: return absl::StrCat("b", absl::BytesToHexString(v.text()));
    case Kind::kUint: return absl::StrCat(v.as_uint(), "u");
    case Kind::kDouble: return absl::StrCat(GoDouble(v.as_double()), "d");
    case Kind::kNull: return "null";
    case Kind::kOptional: return v.has_value() ? absl::StrCat("optional(", Show(v.optional_value()), ")") : "none";
    case Kind::kType: return absl::StrCat("type ", v.type_value()->name());
    case Kind::kList: {
      std::vector<std::string> parts;
      for (size_t i = 0; i < v.list().size(); ++i) parts.push_back(Show(v.list().at(i)));
      return absl::StrCat("[", absl::StrJoin(parts, ","), "]");
    }
    case Kind::kMap: {
      std::vector<std::string> parts;
      v.map().ForEach([&](const Val& key) {
        Val value;
        v.map().Find(key, &value);
        parts.push_back(absl::StrCat(Show(key), ":", Show(value)));
        return true;
      });
      std::sort(parts.begin(), parts.end());
      return absl::StrCat("{", absl::StrJoin(parts, ","), "}");
    }
    case Kind::kOpaque: return absl::StrCat("<", v.TypeName(), ">");
    default: return std::string(ToText(v).text());
  }
}

// `world`: what all expressions of a file are about, schema and self.
Value Judge(const Value& world, const Value& test) {
  Env env;
  DeclTypePtr type;
  const Value* self = world.Find("self");
  if (const Value* schema = world.Find("schema")) {
    type = DeclTypeOf(*schema, true, "selfType");
    env.Declare(type);
    env.Variable("self", type->type);
  } else if (self != nullptr) {
    env.Variable("self", DynType());
  }
  Value out = Value::MakeObject();
  const auto program = Compile(test.GetString("expr"), env);
  if (!program.ok()) {
    const bool invalid = program.status().code() == absl::StatusCode::kInvalidArgument;
    out.Set(invalid ? "error" : "prog", program.status().message());
    return out;
  }
  const CostEstimate estimate = program->EstimateCost(type.get());
  // Numbers beyond int64 are doubles on both sides.
  const auto number = [](uint64_t n) { return n > INT64_MAX ? Value(static_cast<double>(n)) : Value(static_cast<int64_t>(n)); };
  out.Set("min", number(estimate.min));
  out.Set("max", number(estimate.max));
  Bindings bindings;
  if (self != nullptr) bindings.emplace_back("self", type == nullptr ? Val::View(*self) : TypedView(*self, *type));
  const Outcome outcome = program->Evaluate(bindings, kPerCallLimit);
  out.Set("cost", number(outcome.cost));
  if (outcome.ok()) {
    out.Set("value", Show(outcome.value));
  } else {
    out.Set("fail", outcome.error);
  }
  return out;
}

class GoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, AnswersAsUpstream) {
  std::ifstream file(absl::StrCat(SKIFF_SOURCE_DIR, "/test/golden/cel/", GetParam()));
  ASSERT_TRUE(file.good());
  size_t count = 0;
  Value world = Value::MakeObject();
  for (std::string line; std::getline(file, line); ++count) {
    Value test = *ParseJson(line);
    if (!test.Has("expr")) {
      world = std::move(test);
      continue;
    }
    SCOPED_TRACE(test.GetString("expr"));
    Value want = *test.Find("out");
    want.Erase("type");
    Value got = Judge(world, test);
    // Over the budget, the cost is where each stopped counting.
    if (want.GetString("fail") == kOverBudget) {
      want.Erase("cost");
      got.Erase("cost");
    }
    if (want.Has("error") && want.GetString("error") == got.GetString("error")) continue;
    SortKeys(&want);
    SortKeys(&got);
    EXPECT_EQ(WriteJson(got), WriteJson(want));
  }
  EXPECT_GT(count, 0u);
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenTest,
                         testing::Values("values.jsonl", "types.jsonl", "syntax.jsonl", "schemas.jsonl", "random.jsonl"),
                         [](const auto& info) { return info.param.substr(0, info.param.find('.')); });

}  // namespace
}  // namespace apimachinery::cel
