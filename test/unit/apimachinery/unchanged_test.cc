// Which writes change nothing.
#include <gtest/gtest.h>

#include "apimachinery/apply/apply.h"
#include "apimachinery/json.h"

namespace apimachinery::apply {
namespace {

TEST(EqualIgnoringManagedFieldTimesTest, OnlyTimesOfManagersMayDiffer) {
  struct Case { const char *a, *b; bool equal; };
  const Case cases[] = {
      {R"({"metadata":{"name":"n"},"spec":{"a":1}})", R"({"spec":{"a":1},"metadata":{"name":"n"}})", true},
      {R"({"metadata":{"name":"n"}})", R"({"metadata":{"name":"m"}})", false},
      {R"({"metadata":{"name":"n"},"spec":{"a":1}})", R"({"metadata":{"name":"n"},"spec":{"a":2}})", false},
      {R"({"metadata":{"name":"n"},"spec":{}})", R"({"metadata":{"name":"n"}})", false},
      {R"({"metadata":{"name":"n","labels":{"a":"b"}}})", R"({"metadata":{"name":"n"}})", false},
      {R"({"metadata":{"managedFields":[{"manager":"m","time":"1"}]}})",
       R"({"metadata":{"managedFields":[{"manager":"m","time":"2"}]}})", true},
      {R"({"metadata":{"managedFields":[{"manager":"m","time":"1"}]}})",
       R"({"metadata":{"managedFields":[{"manager":"x","time":"1"}]}})", false},
      {R"({"metadata":{"managedFields":[{"manager":"m"}]}})",
       R"({"metadata":{"managedFields":[{"manager":"m"},{"manager":"x"}]}})", false},
      {R"({"metadata":{"managedFields":[{"manager":"m"}]}})", R"({"metadata":{}})", false},
      {R"({"metadata":{"managedFields":[{"manager":"m","time":"1"}]}})",
       R"({"metadata":{"managedFields":[{"manager":"m"}]}})", true},
      {R"({"metadata":{"managedFields":[]}})", R"({"metadata":{}})", true},
      {R"({"metadata":{}})", R"({"spec":{}})", false},
      {R"({"spec":{}})", R"({"spec":{}})", true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.a) + " and " + c.b);
    EXPECT_EQ(EqualIgnoringManagedFieldTimes(*ParseJson(c.a), *ParseJson(c.b)), c.equal);
    EXPECT_EQ(EqualIgnoringManagedFieldTimes(*ParseJson(c.b), *ParseJson(c.a)), c.equal);
  }
}

TEST(EqualIgnoringManagedFieldTimesTest, OwnedFieldsAreAlikeAsTextAndAsMembers) {
  const auto object = [](Value fields) {
    Value entry = Value::MakeObject();
    entry.Set("fieldsV1", std::move(fields));
    Value out = Value::MakeObject();
    out.Ensure("metadata")["managedFields"].Append(std::move(entry));
    return out;
  };
  const Value members = object(*ParseJson(R"({"f:spec":{"f:a":{}}})"));
  EXPECT_TRUE(EqualIgnoringManagedFieldTimes(members, object(Value::Raw(R"({"f:spec":{"f:a":{}}})"))));
  EXPECT_FALSE(EqualIgnoringManagedFieldTimes(object(Value::Raw(R"({"f:spec":{"f:b":{}}})")), members));
}

}  // namespace
}  // namespace apimachinery::apply
