#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kubectl/cli/codec.h"
#include "apimachinery/jsonpath.h"
#include "kubectl/printers/gotemplate.h"
#include "kubectl/printers/object.h"
#include "kubectl/printers/sorter.h"
#include "kubectl/printers/table.h"

namespace kubectl {

using apimachinery::JsonPath;
namespace {

Value Json(absl::string_view text) {
  absl::StatusOr<Value> value = ParseJson(text);
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? *value : Value();
}

const char kPod[] =
    R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","labels":{"app":"web","a.b/c":"d"}},
"spec":{"containers":[{"name":"a","image":"x:1","port":80},{"name":"b","image":"y:2"}]},"status":{"ok":true}})";

TEST(JsonPathTest, Execute) {
  struct Case {
    std::string path, want;
  };
  const Case cases[] = {
      {"{.metadata.name}", "p"},
      {"name: {.metadata.name}\n", "name: p\n"},
      {"{.spec.containers[*].name}", "a b"},
      {"{.spec.containers[0].image}", "x:1"},
      {"{.spec.containers[-1].image}", "y:2"},
      {"{.spec.containers[0:2].name}", "a b"},
      {"{.spec.containers[1]}", R"({"image":"y:2","name":"b"})"},
      {"{range .spec.containers[*]}{.name}={.image}{\"\\n\"}{end}", "a=x:1\nb=y:2\n"},
      {"{.spec.containers[?(@.name==\"b\")].image}", "y:2"},
      {"{.spec.containers[?(@.port>79)].name}", "a"},
      {"{.spec.containers[?(@.port)].name}", "a"},
      {"{.metadata.labels['app','a\\.b/c']}", "web d"},
      {"{.metadata.labels.a\\.b/c}", "d"},
      {"{.nope}", ""},
      {"{.status.ok}", "true"},
      {"{..image}", "x:1 y:2"},
      {"{$.kind}", "Pod"},
  };
  const Value pod = Json(kPod);
  for (const Case& c : cases) {
    SCOPED_TRACE(c.path);
    absl::StatusOr<JsonPath> path = JsonPath::Parse(c.path);
    ASSERT_TRUE(path.ok()) << path.status();
    absl::StatusOr<std::string> text = path->Execute(pod);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_EQ(*text, c.want);
  }
}

TEST(JsonPathTest, Failures) {
  EXPECT_EQ(JsonPath::Parse("{.a").status().message(), "unclosed action");
  EXPECT_EQ(JsonPath::Parse("{.a[0}").status().message(), "unterminated array");
  const Value pod = Json(kPod);
  EXPECT_EQ(JsonPath::Parse("{.nope}")->Execute(pod, false).status().message(),
            "nope is not found");
  EXPECT_EQ(JsonPath::Parse("{.spec.containers[9]}")->Execute(pod).status().message(),
            "array index out of bounds: index 9, length 2");
}

TEST(JsonPathTest, RelaxedForms) {
  const Value pod = Json(kPod);
  for (const char* text :
       {"metadata.name", ".metadata.name", "{metadata.name}", "{.metadata.name}"}) {
    EXPECT_EQ(*JsonPath::ParseRelaxed(text)->Execute(pod), "p") << text;
  }
  EXPECT_FALSE(JsonPath::ParseRelaxed("{.a").ok());
}

TEST(GoTemplateTest, Execute) {
  struct Case {
    std::string tmpl, want;
  };
  const Case cases[] = {
      {"{{.metadata.name}}", "p"},
      {"{{.nope}}", "<no value>"},
      {"{{range .spec.containers}}{{.name}} {{end}}", "a b "},
      {"{{range $i, $c := .spec.containers}}{{if $i}}, {{end}}{{$c.name | printf \"%q\"}}{{end}}",
       "\"a\", \"b\""},
      {"{{len .spec.containers}}", "2"},
      {"{{if eq .kind \"Pod\"}}yes{{else}}no{{end}}", "yes"},
      {"{{if and .nope .kind}}yes{{else if .kind}}other{{end}}", "other"},
      {"{{index .metadata.labels \"a.b/c\"}}", "d"},
      {"{{with .metadata}}{{.name}} of {{$.kind}}{{end}}", "p of Pod"},
      {"{{range $k, $v := .metadata.labels}}{{$k}}={{$v}};{{end}}", "a.b/c=d;app=web;"},
      {"a {{- \"b\" -}} c", "abc"},
  };
  const Value pod = Json(kPod);
  for (const Case& c : cases) {
    SCOPED_TRACE(c.tmpl);
    auto tmpl = GoTemplate::Parse(c.tmpl);
    ASSERT_TRUE(tmpl.ok()) << tmpl.status();
    auto text = (*tmpl)->Execute(pod);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_EQ(*text, c.want);
  }
  EXPECT_FALSE(GoTemplate::Parse("{{.a").ok());
  EXPECT_FALSE(GoTemplate::Parse("{{range .a}}").ok());
}

std::string Printed(PrintOptions options, const Value& object) {
  StringWriter out;
  auto printer = MakeObjectPrinter(options, true);
  EXPECT_TRUE(printer.ok()) << printer.status();
  EXPECT_TRUE((*printer)->Print(object, &out).ok());
  (*printer)->Finish(&out);
  return out.text();
}

TEST(ObjectPrinterTest, NamesAndOperations) {
  PrintOptions options;
  options.operation = "created";
  EXPECT_EQ(Printed(options, Json(kPod)), "pod/p created\n");
  options.output = "name";
  EXPECT_EQ(
      Printed(options,
              Json(R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"w"}})")),
      "deployment.apps/w\n");
}

TEST(ObjectPrinterTest, JsonIsSortedEscapedAndWithoutManagedFields) {
  PrintOptions options;
  options.output = "json";
  EXPECT_EQ(
      Printed(options, Json(R"({"b":"<&>","a":[],"metadata":{"managedFields":[1],"name":"x"}})")),
      "{\n    \"a\": [],\n    \"b\": \"\\u003c\\u0026\\u003e\",\n    \"metadata\": {\n        "
      "\"name\": \"x\"\n    }\n}\n");
}

TEST(ObjectPrinterTest, CustomColumns) {
  PrintOptions options;
  options.output = "custom-columns=NAME:.metadata.name,IMAGES:.spec.containers[*].image,X:.nope";
  EXPECT_EQ(Printed(options, Json(kPod)), "NAME   IMAGES    X\np      x:1,y:2   <none>\n");
}

TEST(ObjectPrinterTest, UnknownFormat) {
  PrintOptions options;
  options.output = "foo";
  EXPECT_EQ(
      MakeObjectPrinter(options).status().message(),
      "unable to match a printer suitable for the output format \"foo\", allowed formats are: "
      "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,"
      "template,templatefile,yaml");
}

TEST(TablePrinterTest, ColumnsByPriorityKindAndLabels) {
  const Value table = Json(
      R"({"kind":"Table","columnDefinitions":[{"name":"Name","format":"name"},{"name":"Ready"},{"name":"IP","priority":1}],
"rows":[{"cells":["p","1/1","1.2.3.4"],"object":{"metadata":{"namespace":"ns","labels":{"b":"2","a":"1"}}}},{"cells":["q",3,null],"object":{"metadata":{"namespace":"ns"}}}]})");
  const auto print = [&](TableOptions options) {
    StringWriter out;
    TabWriter writer(&out, {6, 3, true});
    TablePrinter(options).Print(table, writer);
    writer.Flush();
    return out.text();
  };
  EXPECT_EQ(print({}), "NAME   READY\np      1/1\nq      3\n");
  TableOptions wide;
  wide.wide = wide.with_namespace = wide.show_labels = true;
  wide.kind_prefix = "pod";
  EXPECT_EQ(print(wide),
            "NAMESPACE   NAME    READY   IP        LABELS\nns          pod/p   1/1     1.2.3.4   "
            "a=1,b=2\nns          pod/q   3                 <none>\n");
  TableOptions bare;
  bare.no_headers = true;
  bare.label_columns = {"x/a"};
  EXPECT_EQ(print(bare), "p     1/1   \nq     3     \n");
}

TEST(SorterTest, NumbersInNamesCountAsNumbers) {
  std::vector<Value> objects;
  for (const char* name : {"pod-10", "pod-2", "pod-1"}) {
    Value object;
    object["metadata"].Set("name", name);
    objects.push_back(object);
  }
  const auto sorted = SortObjects(objects, ".metadata.name");
  ASSERT_TRUE(sorted.ok());
  EXPECT_EQ((*sorted)[0].GetString("metadata.name"), "pod-1");
  EXPECT_EQ((*sorted)[2].GetString("metadata.name"), "pod-10");
  EXPECT_EQ(SortObjects(objects, ".spec.x").status().message(),
            "couldn't find any field with path \"{.spec.x}\" in the list of objects");
}

}  // namespace
}  // namespace kubectl
