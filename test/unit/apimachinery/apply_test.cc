// Patches and ownership: the rules that no recorded sequence shows by itself.
#include "apimachinery/apply/apply.h"

#include "apimachinery/apply/scale_owners.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/patch/patch.h"
#include "apimachinery/structural/schema.h"
#include "gtest/gtest.h"

namespace apimachinery::apply {
namespace {

Value Json(const char* text) { return *ParseJson(text); }

TEST(MergePatchTest, NullsOfWhatIsAddedVanishAtAnyDepth) {
  struct Case { const char *target, *patch, *want; };
  for (const Case& c : {Case{R"({"a":1})", R"({"b":{"c":null,"d":1}})", R"({"a":1,"b":{"d":1}})"},
                        Case{R"({"a":1})", R"({"b":[{"c":null},null]})", R"({"a":1,"b":[{},null]})"},
                        Case{R"({"a":[1]})", R"({"a":[{"c":null}]})", R"({"a":[{}]})"},
                        Case{R"({"a":{"x":1}})", R"({"a":[{"c":null}]})", R"({"a":[{"c":null}]})"},  // taken as it is
                        Case{R"({"a":1})", R"({"a":null})", R"({})"}}) {
    SCOPED_TRACE(c.patch);
    Value target = Json(c.target);
    patch::ApplyMergePatch(&target, Json(c.patch));
    EXPECT_EQ(WriteJson(target), c.want);
  }
}

// Recorded from upstream.
TEST(StrategicPatchTest, DirectivesThatDirectNothing) {
  const Message& service = *Schema::Builtin().FindMessage("v1", "Service");
  const Value current = Json(R"({"kind":"Service","apiVersion":"v1","spec":{"ports":[{"port":80}],"externalIPs":["1.2.3.4","5.6.7.8"]}})");
  struct Case { const char *patch, *want; };
  for (const Case& c : {Case{R"({"spec":{"$patch":1}})", "unknown patch type: %!s(int64=1) in map: map[$patch:1]"},
                        Case{R"({"spec":{"ports":[{"port":80}],"$setElementOrder/ports":[{"name":"x"}]}})",
                             "map: map[name:x] does not contain declared merge key: port"},
                        Case{R"({"spec":{"ports":[{"port":80}],"$setElementOrder/ports":["x"]}})",
                             "expected a map[string]interface {}, but received a string"}}) {
    SCOPED_TRACE(c.patch);
    const auto patched = patch::PatchObject(patch::PatchType::kStrategicMerge, &service, current, c.patch);
    EXPECT_EQ(ApiStatus::From(patched.status()).message, c.want);
  }
  const auto deleted = patch::PatchObject(patch::PatchType::kStrategicMerge, &service, current,
                                          R"({"spec":{"$deleteFromPrimitiveList/externalIPs":["1.2.3.4"]}})");
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(WriteJson(*deleted->object.At("spec.externalIPs")), R"(["5.6.7.8"])");
  const auto added = patch::PatchObject(patch::PatchType::kStrategicMerge, &service, current,
                                        R"({"spec":{"selector":{"a":"b","c":null},"sessionAffinityConfig":{"$retainKeys":["clientIP"]}}})");
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(added->strict_errors, std::vector<std::string>{"unknown field \"spec.sessionAffinityConfig.$retainKeys\""});
}

TEST(JsonPatchTest, TheRootIsReplacedButNotAdded) {
  const Value current = Json(R"({"a":1})");
  EXPECT_FALSE(patch::ApplyJsonPatch(current, Json(R"([{"op":"add","path":"","value":{"b":1}}])")).ok());
  EXPECT_TRUE(patch::ApplyJsonPatch(current, Json(R"([{"op":"replace","path":"","value":{"b":1}}])")).ok());
}

Manager Me(const char* api_version) { return {"me", "", api_version, "2026-01-01T00:00:00Z"}; }

TEST(TrackUpdateTest, AListElementWithoutItsKeyEndsTracking) {
  const Message& account = *Schema::Builtin().FindMessage("v1", "ServiceAccount");
  const Value keyless = Json(R"({"kind":"ServiceAccount","apiVersion":"v1","secrets":[{"kind":"x"}]})");
  EXPECT_EQ(TrackUpdate(&account, Value(), keyless, Me("v1")).At("metadata.managedFields"), nullptr);
  const Value keyed = Json(R"({"kind":"ServiceAccount","apiVersion":"v1","secrets":[{"name":"x"}]})");
  EXPECT_NE(TrackUpdate(&account, Value(), keyed, Me("v1")).At("metadata.managedFields"), nullptr);
  const absl::StatusOr<Value> applied = Apply(&account, Value(), keyless, Me("v1"), false);
  EXPECT_NE(applied.status().message().find(".secrets: element 0: associative list with keys has an element that omits all "
                                            "key fields [\"name\"] (and doesn't have default values for any key fields)"),
            std::string::npos)
      << applied.status();
}

// Recorded from upstream: untyped values are compared as what they were and as what they are.
TEST(TrackUpdateTest, OwnersOfMembersLoseThemWithTheirMap) {
  const structural::Schema schema = *structural::Parse(Json(R"({"type":"object","x-kubernetes-preserve-unknown-fields":true})"));
  const ObjectType type(&schema);
  const auto owned = [](const Value& object) {
    std::string out;
    for (const Value& entry : object.GetArray("metadata.managedFields")) out += entry.Find("fieldsV1")->as_string();
    return out;
  };
  struct Case { const char *before, *after, *want; };
  for (const Case& c : {Case{R"({"q":1})", "1", R"({"f:x":{}})"}, Case{R"({"q":1})", "[1]", R"({"f:x":{}})"},
                        Case{R"({"q":1})", R"({"q":2})", R"({"f:x":{".":{},"f:q":{}}})"}, Case{"1", R"({"q":2})", R"({"f:x":{".":{},"f:q":{}}})"},
                        Case{R"({"q":{"r":1}})", R"({"q":1})", R"({"f:x":{".":{},"f:q":{}}})"}, Case{R"({"q":1})", "null", R"({"f:x":{}})"}}) {
    SCOPED_TRACE(c.after);
    const Value made = TrackUpdate(type, Value(), Json((std::string(R"({"kind":"K","apiVersion":"g/v1","x":)") + c.before + "}").c_str()), Me("g/v1"));
    Value changed = made;
    changed.Set("x", Json(c.after));
    EXPECT_EQ(owned(TrackUpdate(type, made, changed, Me("g/v1"))), c.want);
  }
}

TEST(ApplyTest, ANullSaysNothingOfAnUntypedMap) {
  const structural::Schema schema = *structural::Parse(Json(R"({"type":"object","x-kubernetes-preserve-unknown-fields":true})"));
  const Value live = Json(R"({"kind":"K","apiVersion":"g/v1","x":{"q":1}})");
  const absl::StatusOr<Value> merged = Apply(ObjectType(&schema), live, Json(R"({"kind":"K","apiVersion":"g/v1","x":null})"), Me("g/v1"), false);
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(WriteJson(*merged->Find("x")), R"({"q":1})");
}

TEST(TrackUpdateTest, ManagersOfUnknownVersionsOwnNothing) {
  const Message& map = *Schema::Builtin().FindMessage("v1", "ConfigMap");
  const Value live = Json(
      R"({"kind":"ConfigMap","apiVersion":"v1","data":{"a":"b"},"metadata":{"managedFields":[
          {"manager":"x","operation":"Update","apiVersion":"v7","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:a":{}}}}]}})");
  Value same = live;
  EXPECT_EQ(TrackUpdate(&map, live, std::move(same), Me("v1")).At("metadata.managedFields"), nullptr);
}

TEST(TrackUpdateTest, ManagersOfAnotherGroupOwnNothing) {
  const Message& event = *Schema::Builtin().FindMessage("events.k8s.io/v1", "Event");
  const Value live = Json(
      R"({"kind":"Event","apiVersion":"events.k8s.io/v1","note":"n","metadata":{"managedFields":[
          {"manager":"x","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:message":{}}}]}})");
  Value same = live;
  EXPECT_EQ(TrackUpdate(&event, live, std::move(same), Me("events.k8s.io/v1")).At("metadata.managedFields"), nullptr);
}

TEST(ScaleOwnersTest, ReplicasMoveToWhoScales) {
  ManagedFields workload;
  FieldSet fields = FieldSet::OfDotted("spec.replicas");
  fields.Unite(FieldSet::OfDotted("spec.paused"));
  workload[{"a", "Update", "apps/v1", ""}] = {fields, "apps/v1", "t"};
  const ManagedFields scale = OwnersOfScale(workload, "spec.replicas");
  ASSERT_EQ(scale.size(), 1u);
  EXPECT_EQ(scale.begin()->second.api_version, "autoscaling/v1");
  EXPECT_EQ(scale.begin()->second.fields.Encode(), R"({"f:spec":{"f:replicas":{}}})");

  ManagedFields scaled;
  scaled[{"b", "Apply", "", "scale"}] = {FieldSet::OfDotted("spec.replicas"), "autoscaling/v1", "u"};
  const ManagedFields after = OwnersOfWorkload(workload, scaled, "apps/v1", "spec.replicas");
  ASSERT_EQ(after.size(), 2u);
  EXPECT_EQ(after.at({"a", "Update", "apps/v1", ""}).fields.Encode(), R"({"f:spec":{"f:paused":{}}})");
  EXPECT_EQ(after.at({"b", "Apply", "", "scale"}).api_version, "apps/v1");
}

TEST(VerbatimTest, FreeJsonKeepsItsText) {
  const Message& revision = *Schema::Builtin().FindMessage("apps/v1", "ControllerRevision");
  ParseOptions options;
  options.verbatim = VerbatimMembers(revision);
  ASSERT_FALSE(options.verbatim.empty());
  const Value parsed = *ParseJson(R"({"data": {"a" :  [1, {"data": 2}]}, "revision": 1})", options);
  EXPECT_EQ(parsed.Find("data")->as_string(), R"({"a" :  [1, {"data": 2}]})");
  EXPECT_EQ(WriteJson(parsed), R"({"data":{"a":[1,{"data":2}]},"revision":1})");
  const Value text = *ParseJson(R"({"data": "\u00e9\"\\", "revision": 1, "kind": "\u00e9"})", options);
  EXPECT_EQ(text.Find("data")->as_string(), R"("\u00e9\"\\")");
  EXPECT_EQ(text.GetString("kind"), "é");
}

}  // namespace
}  // namespace apimachinery::apply
