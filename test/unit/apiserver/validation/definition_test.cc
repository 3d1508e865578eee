// CustomResourceDefinitions: structural schemas, names, versions and defaults, in upstream's words.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apiserver/validation/validation.h"
#include "gtest/gtest.h"

namespace apiserver::validation {
namespace {

const Kind& Definition() {
  return *apimachinery::Schema::Builtin().FindKind("apiextensions.k8s.io/v1", "CustomResourceDefinition");
}

// A definition with one version whose spec.a has the schema `property`.
Value WithProperty(const std::string& property) {
  const std::string text = absl::StrCat(R"({"metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com",
    "names":{"plural":"widgets","singular":"widget","kind":"Widget","listKind":"WidgetList"},"scope":"Namespaced",
    "conversion":{"strategy":"None"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":
    {"type":"object","properties":{"a":)", property, R"(}}}}]},"status":{"storedVersions":["v1"]}})");
  absl::StatusOr<apimachinery::Decoded> decoded =
      apimachinery::DecodeTree(*Definition().message, *apimachinery::ParseJson(text));
  return decoded->value;
}

std::string Text(const FieldErrors& errors) { return errors.empty() ? "" : errors.ToString(); }
std::string Problems(const std::string& property) { return Text(ValidateCreate(Definition(), WithProperty(property))); }

TEST(Definition, TakesStructuralSchemas) {
  for (const char* property : {
           R"({"type":"string","pattern":"^a"})",
           R"({"type":"array","items":{"type":"integer"}})",
           R"({"type":"object","additionalProperties":{"type":"string"}})",
           R"({"x-kubernetes-int-or-string":true})",
           R"({"type":"object","x-kubernetes-preserve-unknown-fields":true})",
       }) {
    EXPECT_EQ(Problems(property), "") << property;
  }
}

TEST(Definition, SaysWhatIsNotStructural) {
  constexpr char kAt[] = "spec.validation.openAPIV3Schema.properties[a]";
  struct Case {
    const char *property, *problem;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"{}", ".type: Required value: must not be empty for specified object fields"},
           {R"({"type":"array"})", ".items: Required value: must be specified"},
           {R"({"type":"odd"})", ".type: Unsupported value: \"odd\""},
           {R"({"type":"object","properties":{"b":{"type":"string"}},"additionalProperties":{"type":"string"}})",
            ".additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"},
           {R"({"type":"string","x-kubernetes-list-type":"set"})",
            ".type: Invalid value: \"string\": must be array if x-kubernetes-list-type is specified"},
       }) {
    const std::string problems = Problems(c.property);
    EXPECT_TRUE(absl::StrContains(problems, absl::StrCat(kAt, c.problem))) << c.property << "\n" << problems;
  }
}

TEST(Definition, JudgesDefaultsAsValuesOfTheirSchema) {
  constexpr char kAt[] = "spec.validation.openAPIV3Schema.properties[a]";
  struct Case {
    const char *property, *problem;
  };
  for (const Case& c : std::initializer_list<Case>{
           {R"({"type":"string","default":"x"})", ""},
           {R"({"type":"integer","default":1})", ""},
           {R"({"type":"integer","default":null})", ""},
           {R"({"x-kubernetes-int-or-string":true,"default":true})", ""},
           {R"({"type":"string","default":1})",
            ".default: Invalid value: \"integer\":  in body must be of type string: \"integer\""},
           {R"({"type":"integer","maximum":3,"default":4})",
            ".default: Invalid value: 4:  in body should be less than or equal to 3"},
           {R"({"type":"object","properties":{"b":{"type":"string"}},"default":{"c":1}})",
            ".default: Invalid value: {\"c\":1}: must not have unknown fields"},
           {R"({"type":"array","items":{"type":"string","default":1}})", ".items.default: Invalid value: \"integer\""},
           {R"({"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true,"default":{}})",
            ".default.apiVersion: Required value"},
       }) {
    const std::string problems = Problems(c.property);
    if (c.problem[0] == '\0') {
      EXPECT_EQ(problems, "") << c.property;
    } else {
      EXPECT_TRUE(absl::StrContains(problems, absl::StrCat(kAt, c.problem))) << c.property << "\n" << problems;
    }
  }
}

TEST(Definition, KeepsDefaultsThatWereNotPrunedBefore) {
  const Value stored = WithProperty(R"({"type":"object","properties":{"b":{"type":"string"}},"default":{"c":1}})");
  Value changed = stored;
  changed["metadata"].Set("resourceVersion", "1");
  Value old = stored;
  old["metadata"].Set("resourceVersion", "1");
  EXPECT_EQ(Text(ValidateUpdate(Definition(), changed, old)), "");
}

TEST(Definition, IsNamedAfterItsPluralAndGroup) {
  Value definition = WithProperty(R"({"type":"string"})");
  definition["metadata"].Set("name", "gadgets.example.com");
  EXPECT_TRUE(absl::StrContains(ValidateCreate(Definition(), definition).ToString(),
                                "metadata.name: Invalid value: \"gadgets.example.com\": must be spec.names.plural+\".\"+spec.group"));
}

}  // namespace
}  // namespace apiserver::validation
