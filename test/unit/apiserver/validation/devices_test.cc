// resource.k8s.io: the expressions that select devices.
#include "absl/strings/match.h"
#include "apimachinery/json.h"
#include "apiserver/validation/validation.h"
#include "gtest/gtest.h"

namespace apiserver::validation {
namespace {

std::string Problems(absl::string_view expression) {
  Value object = *apimachinery::ParseJson(R"({"metadata":{"name":"d"},"spec":{"selectors":[{"cel":{"expression":""}}]}})");
  object["spec"]["selectors"].array()[0]["cel"].Set("expression", expression);
  const FieldErrors errors =
      ValidateCreate(*apimachinery::Schema::Builtin().FindKind("resource.k8s.io/v1", "DeviceClass"), object);
  return errors.empty() ? "" : errors.ToString();
}

TEST(DeviceSelectors, TakeWhatMayBeABool) {
  for (const char* expression : {"device.driver == 'a'", "device.attributes['a'].b", "device.attributes['a'].b == 3",
                                 "cel.bind(d, device.attributes['a'], d.x && d.y)",
                                 "device.capacity['a'].b.compareTo(quantity('1')) > 0"}) {
    EXPECT_EQ(Problems(expression), "") << expression;
  }
}

TEST(DeviceSelectors, RefuseTheRestInUpstreamsWords) {
  struct Case {
    const char *expression, *problem;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"x", "spec.selectors[0].cel.expression: Invalid value: \"x\": compilation failed: ERROR: <input>:1:1: undeclared "
                 "reference to 'x' (in container '')\n | x\n | ^"},
           {"device.foo", "undefined field 'foo'"},
           {"1.5", "must evaluate to bool or the unknown type, not double"},
           {"dyn(1)", "must evaluate to bool or the unknown type, not dyn"},
           {"cel.bind(d.x, 1, true)", "cel.bind() variable names must be simple identifiers"},
           {"device.attributes.all(a, device.attributes.all(b, device.attributes[a].all(c, device.attributes[b].all(d, "
            "d.matches(c)))))",
            "spec.selectors[0].cel.expression: Forbidden: too complex, exceeds cost limit"},
       }) {
    EXPECT_TRUE(absl::StrContains(Problems(c.expression), c.problem)) << Problems(c.expression);
  }
}

}  // namespace
}  // namespace apiserver::validation
