// Quantities, times, intstr, selectors, names and errors: the small values of the API.
#include "apimachinery/api_error.h"
#include "apimachinery/codec.h"
#include "apimachinery/fields.h"
#include "apimachinery/intstr.h"
#include "apimachinery/json.h"
#include "apimachinery/labels.h"
#include "apimachinery/names.h"
#include "apimachinery/quantity.h"
#include "apimachinery/schema.h"
#include "apimachinery/stored.h"
#include "apimachinery/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace apimachinery {
namespace {

TEST(QuantityTest, ArithmeticIsExactAndKeepsTheFormat) {
  Quantity sum = Quantity::ParseOrZero("1500m");
  sum.Add(Quantity::ParseOrZero("0.5"));
  EXPECT_EQ(sum.ToString(), "2");
  EXPECT_EQ(sum.MilliValue(), 2000);
  sum.Sub(Quantity::ParseOrZero("1Gi"));
  EXPECT_EQ(sum.ToString(), "-1073741822");
  Quantity memory = Quantity::ParseOrZero("1Gi");
  memory.Add(Quantity::ParseOrZero("512Mi"));
  EXPECT_EQ(memory.ToString(), "1536Mi");
  Quantity zero;
  zero.Add(Quantity::ParseOrZero("1Mi"));
  EXPECT_EQ(zero.ToString(), "1Mi");  // takes the other's format
}

TEST(QuantityTest, RoundingKeepsWhatNoIntegerHolds) {
  const struct { const char* text; const char* want; } cases[] = {
      {"-1e30", "-1e30"}, {"0.1234567891", "124m"}, {"-0.0001", "-1m"}, {"1500m", "1500m"}, {"1e-9", "1e-3"},
      {"123456789012345678901234567890n", "123456789012345678901235m"}};
  for (const auto& c : cases) {
    Quantity quantity = Quantity::ParseOrZero(c.text);
    quantity.RoundUp(-3);
    EXPECT_EQ(quantity.ToString(), c.want) << c.text;
  }
}

TEST(QuantityTest, TextOfTheLargestMantissasDoesNotOverflow) {
  for (const char* text : {"170141183460469231731687303715884105727n", "9999999999999999999999999999999999999999e1",
                           "-170141183460469231731687303715884105727e-2", "99999999999999999999999999999999999999Ki"}) {
    EXPECT_FALSE(Quantity::ParseOrZero(text).ToString().empty()) << text;
  }
}

TEST(QuantityTest, ValuesRoundUpAndSaturate) {
  EXPECT_EQ(Quantity::ParseOrZero("1m").Value(), 1);
  EXPECT_EQ(Quantity::ParseOrZero("-1m").Value(), -1);
  EXPECT_EQ(Quantity::ParseOrZero("1n").MilliValue(), 1);
  EXPECT_EQ(Quantity::ParseOrZero("9E").MilliValue(), INT64_MAX);
  EXPECT_LT(Quantity::ParseOrZero("999m"), Quantity::ParseOrZero("1"));
  // Upstream's own arithmetic where it does not fit.
  EXPECT_EQ(Quantity::ParseOrZero("9223372036854775808").UncheckedScaledValue(0), INT64_MIN);
  EXPECT_EQ(Quantity::ParseOrZero("9223372036854775808").UncheckedScaledValue(-3), 0);
  EXPECT_EQ(Quantity::ParseOrZero("100000000000000001").UncheckedScaledValue(-3), 0);
  EXPECT_EQ(Quantity::ParseOrZero("7").UncheckedScaledValue(-3), 7000);
  EXPECT_EQ(Quantity::ParseOrZero("1e18").UncheckedScaledValue(-3), 0);
  EXPECT_EQ(Quantity::ParseOrZero("1e19").UncheckedScaledValue(0), 0);
  EXPECT_EQ(Quantity::ParseOrZero("1e400").UncheckedScaledValue(0), 0);
  EXPECT_EQ(Quantity::ParseOrZero("1Ki"), Quantity::ParseOrZero("1024"));
}

TEST(TimeTest, ReadsAnyOffsetAndPrintsUtc) {
  EXPECT_EQ(apimachinery::FormatTime(*ParseTime("2020-01-01T02:30:00.9+02:30")), "2020-01-01T00:00:00Z");
  EXPECT_EQ(FormatMicroTime(*ParseMicroTime("2020-01-01T00:00:00.000123Z")), "2020-01-01T00:00:00.000123Z");
  EXPECT_EQ(apimachinery::FormatTime(*ParseTime("2024-02-29T23:59:59Z")), "2024-02-29T23:59:59Z");
  EXPECT_EQ(ParseTime("2023-02-29T00:00:00Z").status().message(), "parsing time \"2023-02-29T00:00:00Z\": day out of range");
  EXPECT_EQ(ParseTime("\xc3\xa9\"").status().message(),
            "parsing time \"\\xc3\\xa9\\\"\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\\xc3\\xa9\\\"\" as \"2006\"");
}

TEST(TimeTest, DurationsAreGos) {
  struct Case { int64_t nanoseconds; const char* text; };
  for (const Case& c : {Case{0, "0s"}, Case{1500000000, "1.5s"}, Case{3600000000000, "1h0m0s"}, Case{300000000, "300ms"},
                        Case{1, "1ns"}, Case{1500, "1.5µs"}, Case{-90000000000, "-1m30s"}}) {
    EXPECT_EQ(FormatDuration(c.nanoseconds), c.text);
    EXPECT_EQ(*ParseDuration(c.text), c.nanoseconds);
  }
  EXPECT_EQ(ParseDuration("1").status().message(), "time: missing unit in duration \"1\"");
  EXPECT_EQ(ParseDuration("x").status().message(), "time: invalid duration \"x\"");
}

TEST(IntStrTest, PercentagesScale) {
  EXPECT_EQ(*ScaledIntOrPercent(Value("25%"), 10, true), 3);
  EXPECT_EQ(*ScaledIntOrPercent(Value("25%"), 10, false), 2);
  EXPECT_EQ(*ScaledIntOrPercent(Value(7), 10, false), 7);
  EXPECT_FALSE(ScaledIntOrPercent(Value("x"), 10, false).ok());
}

TEST(LabelSelectorTest, MatchesAndPrintsCanonically) {
  const Value labels = *ParseJson(R"({"app":"web","tier":"2"})");
  struct Case { const char* text; bool want; const char* canonical; };
  for (const Case& c : {Case{"", true, ""}, Case{"app=web", true, "app=web"}, Case{"tier in (3,2),app", true, "app,tier in (2,3)"},
                        Case{"app!=web", false, "app!=web"}, Case{"other!=x", true, "other!=x"}, Case{"!other", true, "!other"},
                        Case{"tier>1", true, "tier>1"}, Case{"tier<2", false, "tier<2"}, Case{"other notin (a)", true, "other notin (a)"}}) {
    SCOPED_TRACE(c.text);
    absl::StatusOr<LabelSelector> selector = LabelSelector::Parse(c.text);
    ASSERT_TRUE(selector.ok()) << selector.status();
    EXPECT_EQ(selector->Matches(labels.object()), c.want);
    EXPECT_EQ(selector->ToString(), c.canonical);
  }
  EXPECT_TRUE(LabelSelector::FromObject(nullptr)->MatchesNothing());
  const Value empty = Value::MakeObject();
  EXPECT_TRUE(LabelSelector::FromObject(&empty)->MatchesEverything());
  const Value object = *ParseJson(R"({"matchLabels":{"app":"web"},"matchExpressions":[{"key":"tier","operator":"In","values":["2"]}]})");
  EXPECT_TRUE(LabelSelector::FromObject(&object)->Matches(labels.object()));
}

TEST(FieldSelectorTest, EscapesAndOperators) {
  absl::StatusOr<FieldSelector> selector = FieldSelector::Parse(R"(a=x\,y,b!=z)");
  ASSERT_TRUE(selector.ok());
  EXPECT_EQ(*selector->RequiresExactMatch("a"), "x,y");
  EXPECT_EQ(selector->ToString(), R"(a=x\,y,b!=z)");
  EXPECT_TRUE(selector->Matches([](absl::string_view field) { return std::string(field == "a" ? "x,y" : ""); }));
  EXPECT_EQ(FieldSelector::Parse("x").status().message(), "invalid selector: 'x'; can't understand 'x'");
}

TEST(NamesTest, ValidAndInvalid) {
  EXPECT_THAT(IsDns1123Label("a-1"), testing::IsEmpty());
  EXPECT_THAT(IsDns1123Label("x.y"), testing::ElementsAre("must not contain dots"));
  EXPECT_THAT(IsDns1123Subdomain("a.b-c.1"), testing::IsEmpty());
  EXPECT_THAT(IsDns1035Label("1a"), testing::SizeIs(1));
  EXPECT_THAT(IsQualifiedName("example.com/My_name.1"), testing::IsEmpty());
  EXPECT_THAT(IsValidLabelValue(""), testing::IsEmpty());
  EXPECT_THAT(IsConfigMapKey(".."), testing::ElementsAre("must not be '..'"));
  EXPECT_THAT(IsValidPortName("--"), testing::SizeIs(3));
  EXPECT_THAT(IsPathSegmentName("a/b%"), testing::ElementsAre("may not contain '/'", "may not contain '%'"));
}

TEST(ApiErrorTest, SurvivesTheWayThroughAStatus) {
  FieldErrors errors;
  const FieldPath path = FieldPath("spec").Child("ports").Index(0);
  errors.Invalid(path.Child("port"), Value(70000), "must be between 1 and 65535, inclusive");
  errors.Required(FieldPath("spec").Child("selector"));
  errors.NotSupported(FieldPath("spec.type"), Value("Foo"), {"A", "B"});
  const ApiStatus invalid = Invalid("apps", "Deployment", "d", errors);
  EXPECT_EQ(invalid.message,
            "Deployment.apps \"d\" is invalid: [spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, "
            "inclusive, spec.selector: Required value, spec.type: Unsupported value: \"Foo\": supported values: \"A\", \"B\"]");
  const ApiStatus back = ApiStatus::From(invalid.ToStatus());
  EXPECT_TRUE(back.ToValue() == invalid.ToValue());
  EXPECT_EQ(NotFound("", "namespaces", "nope").ToJson(),
            R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"namespaces \"nope\" not found",)"
            R"("reason":"NotFound","details":{"name":"nope","kind":"namespaces"},"code":404})");
  EXPECT_EQ(GenericStatus(404, "", "", "", "", "").ToJson(),
            R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the server could not find the )"
            R"(requested resource","reason":"NotFound","details":{},"code":404})");
}

TEST(SchemaTest, FindsKindsMembersAndDocs) {
  const Schema& schema = Schema::Builtin();
  const Kind* pods = schema.FindResource("", "v1", "pods");
  ASSERT_NE(pods, nullptr);
  EXPECT_EQ(pods->kind, "Pod");
  EXPECT_TRUE(pods->HasSubresource("exec"));
  EXPECT_EQ(schema.FindMessage("v1", "PodList"), pods->list_message);
  const Message* volume = schema.FindMessage("core.v1.Volume");
  ASSERT_NE(volume, nullptr);
  EXPECT_EQ(volume->FindJson("hostPath")->message->name, "core.v1.HostPathVolumeSource");  // of an inlined message
  EXPECT_EQ(volume->FindJson("HostPath"), nullptr);
  const Message* spec = schema.FindMessage("core.v1.PodSpec");
  EXPECT_FALSE(schema.Doc(*spec, *spec->FindJson("containers")).empty());
}

TEST(CodecTest, RepeatedMembersAreDecodedOverTheFirst) {
  const Message& pod = *Schema::Builtin().FindMessage("v1", "Pod");
  absl::StatusOr<Decoded> decoded = DecodeJson(pod, R"({"metadata":{"name":"a"},"metadata":{"labels":{"x":"1"}}})");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->value.GetString("metadata.name"), "a");
  EXPECT_EQ(decoded->value.GetString("metadata.labels.x"), "1");
  EXPECT_THAT(decoded->strict_errors, testing::ElementsAre("duplicate field \"metadata\""));
}

TEST(StoredTest, ClaimsOfAStatefulSetHaveTheirKind) {
  const Message& type = *Schema::Builtin().FindMessage("apps/v1", "StatefulSet");
  ASSERT_TRUE(CompletesStored(type));
  Value set = DecodeJson(type, R"({"spec":{"volumeClaimTemplates":[{"metadata":{"name":"v"}}]}})")->value;
  CompleteStored(type, &set);
  EXPECT_EQ(set.GetArray("spec.volumeClaimTemplates")[0].GetString("kind"), "PersistentVolumeClaim");
}

TEST(StoredTest, NormalFormHasNoZerosAndSchemaOrder) {
  const Message& pod = *Schema::Builtin().FindMessage("v1", "Pod");
  Value tree = *ParseJson(R"({"spec":{"hostNetwork":false,"priority":0,"containers":[{"image":"","name":"a"}],"nodeName":"n"},"metadata":{"labels":{"b":"1","a":""}}})");
  NormalizeTree(pod, &tree);
  EXPECT_EQ(WriteJson(tree),
            R"({"metadata":{"labels":{"a":"","b":"1"}},"spec":{"containers":[{"name":"a"}],"nodeName":"n","priority":0}})");
}

// Found by fuzzing: the transcoder printed [] where the tree has nothing.
TEST(CodecTest, AnEmptyPackedListIsUnset) {
  const Message& options = *Schema::Builtin().FindMessage("core.v1.PodPortForwardOptions");
  std::string json;
  ASSERT_TRUE(TranscodeWireToJson(options, absl::string_view("\x0a\x00", 2), "", "", &json).ok());
  EXPECT_EQ(json, "{}");
}

// Found by fuzzing: a number whose lower half is zero stood in the transcoder's text as 0, in the tree not at all.
TEST(CodecTest, AnInt32IsNarrowedBeforeItIsLeftOut) {
  const Message& port = *Schema::Builtin().FindMessage("core.v1.ContainerPort");
  const absl::string_view wire("\x10\x80\x80\x80\x80\x80\x02", 7);  // hostPort = 1 << 36
  std::string direct, by_tree;
  ASSERT_TRUE(TranscodeWireToJson(port, wire, "", "", &direct).ok());
  EncodeJson(port, *DecodeWire(port, wire), &by_tree);
  EXPECT_EQ(direct, R"({"containerPort":0})");
  EXPECT_EQ(by_tree, direct);
}

// Found by fuzzing: a key that came again after keys out of order stood in the tree twice.
TEST(CodecTest, RepeatedMapKeysInAnyOrderAreOneEntry) {
  const Message& meta = *Schema::Builtin().FindMessage("meta.v1.ObjectMeta");
  std::string wire;
  for (const char* key : {"c", "a", "c", "b", "a"}) {
    wire += std::string("\x5a\x03\x0a\x01", 4) + key;  // labels is field 11
  }
  absl::StatusOr<Value> decoded = DecodeWire(meta, wire);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(WriteJson(*decoded), R"({"labels":{"a":"","b":"","c":""}})");
}

TEST(CodecTest, ANullIsAnAbsentMember) {
  const Message& pod = *Schema::Builtin().FindMessage("v1", "Pod");
  absl::StatusOr<Decoded> decoded =
      DecodeJson(pod, R"({"metadata":null,"spec":{"priority":0,"hostNetwork":false,"tolerations":[],"nodeName":""}})");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(WriteJson(decoded->value), R"({"spec":{"priority":0}})");  // a pointer to zero is something
}

}  // namespace
}  // namespace apimachinery
