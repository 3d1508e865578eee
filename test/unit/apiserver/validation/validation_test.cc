#include "apiserver/validation/validation.h"

#include "absl/strings/match.h"
#include "apimachinery/json.h"
#include "apiserver/validation/cron.h"
#include "apiserver/validation/go_diff.h"
#include "apiserver/validation/go_json.h"
#include "gtest/gtest.h"

namespace apiserver::validation {
namespace {

const Kind& KindOf(const char* api_version, const char* kind) {
  return *apimachinery::Schema::Builtin().FindKind(api_version, kind);
}

Value Json(const char* text) { return *apimachinery::ParseJson(text); }

constexpr char kPod[] = R"({"metadata":{"name":"p","namespace":"d","uid":"u","resourceVersion":"1"},"spec":{
    "containers":[{"name":"main","image":"busybox:1","imagePullPolicy":"IfNotPresent",
    "terminationMessagePolicy":"File","terminationMessagePath":"/dev/termination-log"}],
    "restartPolicy":"Always","dnsPolicy":"ClusterFirst","terminationGracePeriodSeconds":30}})";

TEST(Validation, AcceptsAPlainPod) {
  EXPECT_TRUE(ValidateCreate(KindOf("v1", "Pod"), Json(kPod)).empty());
}

TEST(Validation, SpeaksOfPodsAsUpstream) {
  struct Case {
    const char* path;
    const char* value;
    const char* text;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"spec.restartPolicy", "\"Sometimes\"",
            "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", "
            "\"OnFailure\", \"Never\""},
           {"spec.containers", "[]", "spec.containers: Required value"},
           {"spec.activeDeadlineSeconds", "0",
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"},
       }) {
    Value pod = Json(kPod);
    pod["spec"].Set(absl::string_view(c.path).substr(5), Json(c.value));
    EXPECT_TRUE(absl::StrContains(ValidateCreate(KindOf("v1", "Pod"), pod).ToString(), c.text))
        << ValidateCreate(KindOf("v1", "Pod"), pod).ToString();
  }
}

TEST(Validation, ASelectorWithAnEmptyKeyIsAnErrorNotACrash) {
  const FieldErrors errors = ValidateCreate(KindOf("networking.k8s.io/v1", "NetworkPolicy"), Json(
      R"({"metadata":{"name":"n","namespace":"d"},"spec":{"podSelector":{"matchExpressions":[{"operator":"Foo"}]}}})"));
  EXPECT_TRUE(absl::StrContains(errors.ToString(), "not a valid selector operator")) << errors.ToString();
}

TEST(Validation, ARunningPodKeepsItsSpec) {
  Value changed = Json(kPod);
  changed["spec"].Set("hostNetwork", true);
  const std::string text = ValidateUpdate(KindOf("v1", "Pod"), changed, Json(kPod)).ToString();
  EXPECT_TRUE(absl::StrContains(text, "spec: Forbidden: pod updates may not change fields other than")) << text;
  EXPECT_TRUE(absl::StrContains(text, "-  \"HostNetwork\": false,\n+  \"HostNetwork\": true,\n")) << text;
}

TEST(Validation, UpdatesCheckMetadataOnceForTheServerAndOnceForTheKind) {
  const Value old = Json(R"({"metadata":{"name":"c","namespace":"d","resourceVersion":"1","uid":"u"}})");
  Value now = old;
  now["metadata"].Set("name", "other");
  EXPECT_EQ(ValidateUpdate(KindOf("v1", "ConfigMap"), now, old).errors().size(), 2u);
}

TEST(GoJson, TakesTheNamesAndZerosOfTheInternalType) {
  EXPECT_EQ(GoJson("batch.PodFailurePolicy", Json(R"({"rules":[{"action":"Ignore"}]})")),
            R"({"Rules":[{"Action":"Ignore","OnExitCodes":null,"OnPodConditions":null}]})");
}

TEST(GoDiff, ShowsThreeLinesAroundAChange) {
  EXPECT_EQ(GoDiff("core.PersistentVolumeSource", Json(R"({"hostPath":{"path":"/a","type":""}})"),
                   Json(R"({"hostPath":{"path":"/b","type":""}})")),
            "@@ -2,7 +2,7 @@\n  \"GCEPersistentDisk\": null,\n  \"AWSElasticBlockStore\": null,\n  \"HostPath\": {\n"
            "-  \"Path\": \"/a\",\n+  \"Path\": \"/b\",\n   \"Type\": \"\"\n  },\n  \"Glusterfs\": null,\n");
}

TEST(CheckSchedule, TakesWhatCronTakes) {
  for (const char* good : {"* * * * *", "*/5 0-6 1,15 jan mon-fri", "@daily", "@every 1h30m", "0 0 ? * *"}) {
    EXPECT_EQ(CheckSchedule(good), "") << good;
  }
  for (const char* bad : {"* * * *", "60 * * * *", "@never", "a * * * *"}) EXPECT_NE(CheckSchedule(bad), "") << bad;
}

}  // namespace
}  // namespace apiserver::validation
