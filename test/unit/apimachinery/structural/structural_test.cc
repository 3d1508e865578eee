#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apimachinery/structural/definition.h"
#include "apimachinery/structural/rules.h"
#include "apimachinery/structural/shape.h"
#include "apimachinery/structural/validate.h"
#include "apimachinery/structural/versions.h"

namespace apimachinery::structural {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Value Json(absl::string_view text) { return ParseJson(text).value(); }
Schema SchemaOf(absl::string_view text) { return Parse(Json(text)).value(); }

std::string Sorted(Value value) {
  SortKeys(&value);
  return WriteJson(value);
}

TEST(PruneTest, WhatIsNotDeclaredGoesAndIsNamed) {
  struct Case {
    absl::string_view name, schema, value, want;
    std::vector<std::string> pruned;
  };
  const Case cases[] = {
      {"members of objects and of items",
       R"({"type":"object","properties":{"a":{"type":"string"},"l":{"type":"array","items":{"type":"object","properties":{"x":{}}}}}})",
       R"({"a":"1","b":2,"l":[{"x":1,"y":2}]})", R"({"a":"1","l":[{"x":1}]})", {"b", "l[0].y"}},
      {"what identifies the object stays", R"({"type":"object"})", R"({"apiVersion":"v","kind":"K","metadata":{"q":1},"z":1})",
       R"({"apiVersion":"v","kind":"K","metadata":{"q":1}})", {"z"}},
      {"preserved, but what is declared inside is held to its schema",
       R"({"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"k":{"type":"object","properties":{"a":{}}}}})",
       R"({"q":{"r":1},"k":{"a":1,"b":2}})", R"({"k":{"a":1},"q":{"r":1}})", {"k.b"}},
      {"additional properties of any kind keep scalars only",
       R"({"type":"object","properties":{"f":{"type":"object","additionalProperties":true}}})",
       R"({"f":{"x":{"y":1},"z":[1,{"q":2}]}})", R"({"f":{"x":{},"z":[1,{}]}})", {"f.x.y", "f.z[1].q"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.name));
    Value value = Json(c.value);
    std::vector<std::string> pruned;
    Prune(SchemaOf(c.schema), /*root=*/true, &value, &pruned);
    EXPECT_EQ(Sorted(value), c.want);
    EXPECT_EQ(pruned, c.pruned);
  }
}

// Recorded from upstream: a value is converted to the element's type as Go does; whole numbers are what is left of the fraction.
TEST(ValidateTest, NumbersAreComparedAsUpstreamDoes) {
  struct Case {
    absl::string_view schema, value;
    bool valid;
  };
  for (const Case& c : {Case{R"({"enum":[1]})", "1.5", true}, Case{R"({"enum":[1]})", "2.5", false}, Case{R"({"enum":["a"]})", "97", true},
                        Case{R"({"enum":["\u00e9"]})", "233", true}, Case{R"({"enum":["a"]})", "98", false},
                        Case{R"({"type":"integer"})", "2.0", true}, Case{R"({"type":"integer"})", "4.9e-324", false},
                        Case{R"({"type":"integer"})", "1000000000.0000001", true}, Case{R"({"type":"integer"})", "-1.00000000001", false},
                        Case{R"({"type":"integer"})", "9223372036854775808", false}}) {
    SCOPED_TRACE(absl::StrCat(c.schema, " ", c.value));
    FieldErrors errors;
    Validate(SchemaOf(c.schema), "x", Json(c.value), nullptr, &errors);
    EXPECT_EQ(errors.empty(), c.valid) << errors.ToString();
  }
}

TEST(DefaultsTest, AbsentMembersAndNullsThatAreNoValueAreFilledIn) {
  const Schema schema = SchemaOf(R"({"type":"object","properties":{
      "a":{"type":"string","default":"x"},"n":{"type":"string","nullable":true,"default":"y"},
      "o":{"type":"object","default":{},"properties":{"i":{"type":"integer","default":3}}},
      "l":{"type":"array","items":{"type":"object","properties":{"p":{"type":"string","default":"TCP"}}}},
      "m":{"type":"object","additionalProperties":{"type":"integer","default":7}}}})");
  Value value = Json(R"({"a":null,"n":null,"l":[{},{"p":"UDP"}],"m":{"k":null}})");
  ApplyDefaults(schema, &value);
  EXPECT_EQ(Sorted(value), R"({"a":"x","l":[{"p":"TCP"},{"p":"UDP"}],"m":{"k":7},"n":null,"o":{"i":3}})");
}

TEST(NullsTest, NullsWithoutDefaultOfFieldsThatAreNotNullableGo) {
  const Schema schema = SchemaOf(R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string","nullable":true},
      "c":{"type":"string","default":"z"}}})");
  Value value = Json(R"({"a":null,"b":null,"c":null,"d":null})");
  DropNulls(schema, &value);
  EXPECT_EQ(Sorted(value), R"({"b":null,"c":null,"d":null})");
}

std::vector<std::string> Problems(absl::string_view schema, absl::string_view value, absl::string_view old = "") {
  FieldErrors errors;
  const Schema parsed = SchemaOf(absl::StrCat(R"({"type":"object","properties":{"f":)", schema, "}}"));
  const Value now = Json(absl::StrCat("{\"f\":", value, "}"));
  const Value before = old.empty() ? Value() : Json(absl::StrCat("{\"f\":", old, "}"));
  Validate(parsed, "", now, old.empty() ? nullptr : &before, &errors);
  ValidateLists(parsed, FieldPath(), now, &errors);
  std::vector<std::string> texts;
  for (const FieldError& e : errors.errors()) texts.push_back(e.ToString());
  return texts;
}

TEST(ValidateTest, ProblemsInUpstreamsWords) {
  struct Case {
    absl::string_view schema, value;
    std::vector<std::string> want;
  };
  const Case cases[] = {
      {R"({"type":"string"})", "1", {R"(f: Invalid value: "integer": f in body must be of type string: "integer")"}},
      {R"({"type":"integer"})", "2.0", {}},
      {R"({"type":"string","format":"date-time"})", "1", {R"(f: Invalid value: "int64": f in body must be of type date-time: "int64")"}},
      {R"({"type":"string","format":"date-time"})", "1.5", {R"(f: Invalid value: "float64": f in body must be of type date-time: "float64")"}},
      {R"({"type":"string","format":"byte"})", "{}", {R"(f: Invalid value: "": f in body must be of type byte: "")"}},
      {R"({"type":"string","format":"byte"})", "[]", {}},
      {R"({"type":"object","format":"odd"})", R"("x")", {R"(f: Invalid value: "string": f in body must be of type object: "string")"}},
      {R"({"type":"integer"})", "2.5", {R"(f: Invalid value: "number": f in body must be of type integer: "number")"}},
      {R"({"type":"number"})", "2", {}},
      {R"({"type":"string","nullable":true})", "null", {}},
      {R"({"x-kubernetes-int-or-string":true})", "true",
       {R"(f: Invalid value: "boolean": f in body must be of type integer,string: "boolean")"}},
      {R"({"type":"string","maxLength":2})", R"("äöü")", {"f: Too long: may not be more than 2 bytes"}},
      {R"({"type":"string","pattern":"^a+$"})", R"("b")", {R"(f: Invalid value: "b": f in body should match '^a+$')"}},
      {R"({"type":"string","format":"ipv4"})", R"("1.2.3")",
       {R"(f: Invalid value: "1.2.3": f in body must be of type ipv4: "1.2.3")"}},
      {R"({"type":"string","format":"whatever"})", R"("x")", {}},
      {R"({"type":"integer","minimum":1,"maximum":3})", "9", {"f: Invalid value: 9: f in body should be less than or equal to 3"}},
      {R"({"type":"number","minimum":1,"exclusiveMinimum":true})", "1", {"f: Invalid value: 1: f in body should be greater than 1"}},
      {R"({"type":"integer","multipleOf":4})", "6", {"f: Invalid value: 6: f in body should be a multiple of 4"}},
      {R"({"type":"string","enum":["a","b"]})", R"("c")", {R"(f: Unsupported value: "c": supported values: "a", "b")"}},
      {R"({"type":"object","required":["a"]})", "{}", {"f.a: Required value"}},
      {R"({"type":"object","additionalProperties":{"type":"integer"}})", R"({"k.l":"x"})",
       {R"(f.k.l: Invalid value: "string": f.k.l in body must be of type integer: "string")"}},
      {R"({"type":"array","items":{"type":"string"},"maxItems":1})", R"(["a","b"])", {"f: Too many: 2: must have at most 1 item"}},
      {R"({"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set"})", R"(["a","a","a"])",
       {R"(f[1]: Duplicate value: "a")"}},
      {R"({"type":"object","oneOf":[{"required":["a"]},{"required":["b"]}]})", R"({"a":1,"b":1})",
       {R"(<nil>: Invalid value: "": "f" must validate one and only one schema (oneOf). Found 2 valid alternatives)"}},
      {R"({"type":"object","not":{"required":["a"]}})", R"({"a":1})",
       {R"(<nil>: Invalid value: "": "f" must not validate the schema (not))"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.schema, " ", c.value));
    EXPECT_EQ(Problems(c.schema, c.value), c.want);
  }
}

TEST(ValidateTest, WhatDidNotChangeIsNoProblem) {
  EXPECT_THAT(Problems(R"({"type":"string","enum":["a"]})", R"("old")", R"("old")"), IsEmpty());
  EXPECT_EQ(Problems(R"({"type":"string","enum":["a"]})", R"("new")", R"("old")").size(), 1u);
  const char list[] = R"({"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["n"],
      "items":{"type":"object","properties":{"n":{"type":"string"},"v":{"type":"integer","maximum":1}}}})";
  EXPECT_THAT(Problems(list, R"([{"n":"b","v":1},{"n":"a","v":5}])", R"([{"n":"a","v":5}])"), IsEmpty());
}

std::vector<std::string> Broken(absl::string_view schema, absl::string_view value, absl::string_view old = "") {
  const Value props = Json(schema);
  const Schema parsed = Parse(props).value();
  const Value now = Json(value), before = old.empty() ? Value() : Json(old);
  FieldErrors errors;
  Rules::Compile(props, parsed)->Evaluate("", now, old.empty() ? nullptr : &before, &errors);
  std::vector<std::string> texts;
  for (const FieldError& e : errors.errors()) texts.push_back(e.ToString());
  return texts;
}

TEST(RulesTest, RulesThatDoNotHoldAreToldInUpstreamsWords) {
  const char schema[] = R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"},
      "s":{"type":"string","x-kubernetes-validations":[{"rule":"self == oldSelf","message":"s stays"}]},
      "m":{"type":"object","additionalProperties":{"type":"integer","x-kubernetes-validations":[{"rule":"self != 3"}]}}},
      "x-kubernetes-validations":[{"rule":"!has(self.a) || self.a <= self.b","message":" a is large "}]})";
  EXPECT_THAT(Broken(schema, R"({"a":1,"b":2,"s":"x","m":{"k":4}})"), IsEmpty());
  EXPECT_THAT(Broken(schema, R"({"a":3,"b":2})"), ElementsAre("<nil>: Invalid value: a is large"));
  EXPECT_THAT(Broken(schema, R"({"a":3})"),
              ElementsAre(R"(<nil>: Invalid value: "object": no such key: b evaluating rule: a is large)"));
  EXPECT_THAT(Broken(schema, R"({"m":{"k":3}})"), ElementsAre("m[k]: Invalid value: 3: failed rule: self != 3"));
  EXPECT_THAT(Broken(schema, R"({"s":"y"})", R"({"s":"x"})"), ElementsAre(R"(s: Invalid value: "y": s stays)"));
  EXPECT_THAT(Broken(schema, R"({"s":"x"})", R"({"s":"x"})"), IsEmpty());
  EXPECT_THAT(Broken(schema, R"({"m":{"k":3}})", R"({"m":{"k":3}})"), IsEmpty());
}

TEST(RulesTest, RulesThatCannotBeEvaluatedAreRefused) {
  const auto check = [](absl::string_view schema) {
    FieldErrors errors;
    CheckRules(Json(schema), FieldPath("s"), FieldErrors(), &errors);
    std::vector<std::string> details;
    for (const FieldError& e : errors.errors()) details.push_back(absl::StrCat(e.field, ": ", e.detail.substr(0, e.detail.find('\n'))));
    return details;
  };
  EXPECT_THAT(check(R"({"type":"object","properties":{"a":{"type":"integer"}},"x-kubernetes-validations":[{"rule":"self.b > 1"}]})"),
              ElementsAre("s.x-kubernetes-validations[0].rule: compilation failed: ERROR: <input>:1:5: undefined field 'b'"));
  EXPECT_THAT(check(R"({"type":"object","properties":{"a":{"type":"integer"}},"x-kubernetes-validations":[{"rule":"self.a"}]})"),
              ElementsAre("s.x-kubernetes-validations[0].rule: cel expression must evaluate to a bool"));
  EXPECT_THAT(check(R"({"type":"object","properties":{"l":{"type":"array","maxItems":2,"items":{"type":"integer",
                  "x-kubernetes-validations":[{"rule":"self == oldSelf"}]}}}})"),
              ElementsAre("s.properties[l].items.x-kubernetes-validations[0].rule: oldSelf cannot be used on the uncorrelatable "
                          "portion of the schema within s.properties[l]"));
}

TEST(VersionsTest, StableBeforeBetaBeforeAlphaBeforeTheRest) {
  std::vector<std::string> versions = {"v1beta1", "foo1", "v2", "v1alpha1", "v10", "v1", "v1beta2", "abc"};
  std::sort(versions.begin(), versions.end(), [](const auto& a, const auto& b) { return CompareVersions(a, b) > 0; });
  EXPECT_THAT(versions, ElementsAre("v10", "v2", "v1", "v1beta2", "v1beta1", "v1alpha1", "abc", "foo1"));
}

}  // namespace
}  // namespace apimachinery::structural
