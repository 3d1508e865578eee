// Lists and maps that were set to empty ones: unset to nearly all, but not to those who print or record as Go does.
#include "apimachinery/apply/apply.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "gtest/gtest.h"

namespace apimachinery {
namespace {

const Message& MessageOf(const char* api_version, const char* kind) {
  return *Schema::Builtin().FindMessage(api_version, kind);
}

Value Typed(const Message& message, const char* json) {
  absl::StatusOr<Decoded> decoded = DecodeJson(message, json);
  EXPECT_TRUE(decoded.ok()) << json << ": " << decoded.status();
  return decoded.ok() ? std::move(decoded->value) : Value();
}

TEST(HollowTest, IsUnsetToAllButThoseWhoAsk) {
  const Message& pod = MessageOf("v1", "Pod");
  const Value hollow = Typed(pod, R"({"metadata":{"name":"n","labels":{},"finalizers":[]}})");
  const Value plain = Typed(pod, R"({"metadata":{"name":"n"}})");
  EXPECT_EQ(hollow.At("metadata.labels"), nullptr);
  EXPECT_FALSE(hollow.Find("metadata")->Has("finalizers"));
  ASSERT_NE(hollow.Find("metadata")->FindSet("labels"), nullptr);
  EXPECT_FALSE(hollow.Find("metadata")->FindSet("labels")->is_hollow_list());
  EXPECT_TRUE(hollow.Find("metadata")->FindSet("finalizers")->is_hollow_list());
  EXPECT_EQ(WriteJson(hollow), WriteJson(plain));
  std::string a, b;
  EncodeWire(pod, hollow, &a);
  EncodeWire(pod, plain, &b);
  EXPECT_EQ(a, b);
  a.clear(), b.clear();
  EncodeJson(pod, hollow, &a);
  EncodeJson(pod, plain, &b);
  EXPECT_EQ(a, b);
  Value set = hollow;
  set["metadata"].Set("labels", Value::MakeObject()).Set("a", "b");
  EXPECT_EQ(WriteJson(set), R"({"metadata":{"name":"n","labels":{"a":"b"}}})");
}

TEST(HollowTest, ComparesAsUnsetUnlessAskedStrictly) {
  struct Case { const char *a, *b; bool equal, identical; };
  const Case cases[] = {
      {R"({"metadata":{"name":"n"}})", R"({"metadata":{"name":"n","labels":{}}})", true, false},
      {R"({"metadata":{"labels":{}}})", R"({"metadata":{"labels":{}}})", true, true},
      {R"({"metadata":{"labels":{}}})", R"({"metadata":{"labels":null}})", true, false},
      {R"({"metadata":{"labels":{}}})", R"({})", true, false},
      {R"({"metadata":{"name":"n","labels":{}}})", R"({"metadata":{"name":"n","finalizers":["x"]}})", false, false},
      {R"({"metadata":{"name":"n","finalizers":["x"]}})", R"({"metadata":{"name":"n","labels":{}}})", false, false},
      {R"({"metadata":{"labels":{}}})", R"({"metadata":{"labels":{"a":"b"}}})", false, false},
      {R"({"spec":{"containers":[{"name":"c","resources":{"requests":{}}}]}})", R"({"spec":{"containers":[{"name":"c"}]}})", true,
       false},
      {R"({"spec":{"securityContext":{}}})", R"({})", false, false},  // a pointer
      {R"({"spec":{"securityContext":{"sysctls":[]}}})", R"({})", false, false},
      {R"({"spec":{"securityContext":{"sysctls":[]}}})", R"({"spec":{"securityContext":{}}})", true, false},
      {R"({"spec":{"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[]}}}})", R"({"spec":{"affinity":{}}})",
       false, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.a) + " and " + c.b);
    const Value a = Typed(MessageOf("v1", "Pod"), c.a), b = Typed(MessageOf("v1", "Pod"), c.b);
    EXPECT_EQ(a == b, c.equal);
    EXPECT_EQ(b == a, c.equal);
    EXPECT_EQ(a.IdenticalTo(b), c.identical);
    EXPECT_EQ(b.IdenticalTo(a), c.identical);
    EXPECT_EQ(apply::EqualIgnoringManagedFieldTimes(a, b), c.equal && a.size() + b.size() > 0 && a.Has("metadata") == b.Has("metadata"));
  }
}

TEST(HollowTest, IsOwnedWhereJsonWouldPrintIt) {
  struct Case { const char *api_version, *kind, *json, *owned; };
  const Case cases[] = {
      {"storage.k8s.io/v1", "CSINode", R"({"spec":{"drivers":[]}})", R"({"f:spec":{"f:drivers":{}}})"},
      {"storage.k8s.io/v1", "CSINode", R"({"spec":{"drivers":null}})", ""},
      {"rbac.authorization.k8s.io/v1", "Role", R"({"rules":[]})", R"({"f:rules":{}})"},
      {"v1", "ConfigMap", R"({"data":{}})", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.json);
    const Message& message = MessageOf(c.api_version, c.kind);
    const Value tracked = apply::TrackUpdate(&message, Value(), Typed(message, c.json), {"me", "", c.api_version, "t"});
    const Array& entries = tracked.GetArray("metadata.managedFields");
    EXPECT_EQ(entries.empty() ? "" : entries[0].Find("fieldsV1")->as_string(), c.owned);
  }
}

TEST(HollowTest, AnEmptyListOfManagersResetsThem) {
  const Message& map = MessageOf("v1", "ConfigMap");
  const char* const live_json = R"({"data":{"a":"b"},"metadata":{"managedFields":[
      {"manager":"x","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:a":{}}}}]}})";
  const Value live = Typed(map, live_json);
  for (const bool reset : {true, false}) {
    Value updated = Typed(map, reset ? R"({"data":{"a":"b"},"metadata":{"managedFields":[]}})" : R"({"data":{"a":"b"}})");
    EXPECT_EQ(apply::TrackUpdate(&map, live, std::move(updated), {"me", "", "v1", "t"}).At("metadata.managedFields") == nullptr, reset);
  }
}

TEST(DecodeTest, ListsOfNumbersAreBytes) {
  struct Case { const char *list, *want; };
  const Case cases[] = {
      {"[]", R"("")"},
      {"[104,105]", R"("aGk=")"},
      {"[null]", R"("AA==")"},
      {R"(["x"])", "json: cannot unmarshal string into Go struct field CertificateSigningRequestSpec.spec.request of type uint8"},
      {"[256]", "json: cannot unmarshal number 256 into Go struct field CertificateSigningRequestSpec.spec.request of type uint8"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.list);
    const absl::StatusOr<Decoded> decoded = DecodeJson(MessageOf("certificates.k8s.io/v1", "CertificateSigningRequest"),
                                                       std::string(R"({"spec":{"request":)") + c.list + "}}");
    EXPECT_EQ(decoded.ok() ? WriteJson(*decoded->value.At("spec.request")) : std::string(decoded.status().message()), c.want);
  }
}

}  // namespace
}  // namespace apimachinery
