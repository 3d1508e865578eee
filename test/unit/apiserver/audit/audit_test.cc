#include <sys/stat.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apiserver/audit/backend.h"
#include "apiserver/audit/batch_pace.h"
#include "apiserver/audit/event.h"
#include "apiserver/audit/log_file.h"
#include "apiserver/audit/policy.h"
#include "base/file.h"

namespace apiserver::audit {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

pipeline::RequestInfo Info(const char* verb, const char* group, const char* resource, const char* sub, const char* ns,
                           const char* name) {
  pipeline::RequestInfo info;
  info.is_resource_request = true;
  info.verb = verb;
  info.group = group;
  info.resource = resource;
  info.subresource = sub;
  info.ns = ns;
  info.name = name;
  return info;
}

constexpr char kPolicy[] = R"(
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- {level: None, users: ["system:kube-proxy"], verbs: ["watch"]}
- {level: Metadata, resources: [{group: "", resources: ["pods/log", "*/status", "services/*"]}]}
- {level: Request, namespaces: ["kube-system"], resources: [{group: "", resources: ["configmaps"], resourceNames: ["a"]}]}
- {level: RequestResponse, userGroups: ["ops"], omitManagedFields: false, resources: [{group: "apps"}], omitStages: [Panic]}
- {level: Metadata, nonResourceURLs: ["/healthz*", "/version"]}
)";

TEST(AuditPolicyTest, FirstRuleThatMatchesDecides) {
  const absl::StatusOr<Policy> policy = ParsePolicy(kPolicy);
  ASSERT_TRUE(policy.ok()) << policy.status();
  struct Case {
    const char* name;
    pipeline::RequestInfo info;
    Level want;
    std::string user = "bob";
    std::vector<std::string> groups = {};
  };
  pipeline::RequestInfo health, version, other;
  health.path = "/healthz/ping";
  version.path = "/version";
  other.path = "/versions";
  const Case cases[] = {
      {"user and verb", Info("watch", "", "pods", "", "x", ""), Level::kNone, "system:kube-proxy"},
      {"subresource by name", Info("get", "", "pods", "log", "x", "p"), Level::kMetadata},
      {"not the resource itself", Info("get", "", "pods", "", "x", "p"), Level::kNone},
      {"any resource's subresource", Info("update", "", "nodes", "status", "", "n"), Level::kMetadata},
      {"resource with and without subresource", Info("get", "", "services", "", "x", "s"), Level::kMetadata},
      {"named object", Info("get", "", "configmaps", "", "kube-system", "a"), Level::kRequest},
      {"another name", Info("get", "", "configmaps", "", "kube-system", "b"), Level::kNone},
      {"another namespace", Info("get", "", "configmaps", "", "default", "a"), Level::kNone},
      {"group of users", Info("get", "apps", "deployments", "", "x", "d"), Level::kRequestResponse, "eve", {"dev", "ops"}},
      {"path by prefix", health, Level::kMetadata},
      {"path", version, Level::kMetadata},
      {"no path", other, Level::kNone},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    pipeline::UserInfo user;
    user.name = c.user;
    user.groups = c.groups;
    EXPECT_EQ(policy->Decide(&user, c.info).level, c.want);
  }
  EXPECT_EQ(policy->Decide(nullptr, Info("get", "apps", "deployments", "", "x", "d")).level, Level::kNone);
}

TEST(AuditPolicyTest, RuleAddsToWhatThePolicyOmits) {
  const Policy policy = *ParsePolicy(kPolicy);
  pipeline::UserInfo user;
  user.groups = {"ops"};
  const Decision d = policy.Decide(&user, Info("get", "apps", "deployments", "", "x", "d"));
  EXPECT_TRUE(d.omit_stages.Has(Stage::kRequestReceived) && d.omit_stages.Has(Stage::kPanic));
  EXPECT_FALSE(d.omit_stages.Has(Stage::kResponseComplete) || d.omit_managed_fields);
  EXPECT_TRUE(policy.Decide(&user, Info("get", "", "pods", "log", "x", "p")).omit_managed_fields);
}

// Recorded from upstream 1.35.
TEST(AuditPolicyTest, BadPoliciesAreRefusedInUpstreamsWords) {
  const std::string head = "apiVersion: audit.k8s.io/v1\nkind: Policy\n";
  struct Case {
    std::string text, want;
  };
  const Case cases[] = {
      {head + "rules: []\n", "loaded illegal policy with 0 rules"},
      {"rules: []\n", "unknown group version field audit.k8s.io/__internal, Kind=Policy in policy"},
      {"", "unknown group version field audit.k8s.io/__internal, Kind=Policy in policy"},
      {"apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: []\n",
       "failed decoding: no kind \"Policy\" is registered for version \"audit.k8s.io/v1beta1\" in scheme "
       "\"pkg/runtime/scheme.go:111\""},
      {head + "rules: 3\n",
       "failed decoding: json: cannot unmarshal number into Go struct field Policy.rules of type []v1.PolicyRule"},
      {head + "rules:\n- level: Metadata\n  resources:\n  - resourceNames: [true]\n",
       "failed decoding: json: cannot unmarshal bool into Go struct field GroupResources.rules.resources.resourceNames of "
       "type string"},
      {head + "rules:\n- level: Metadata\n  resources: [{group: \"x\"}]\n  nonResourceURLs: [\"/a\"]\n- level: None\n  "
              "nonResourceURLs: [\"/a\"]\n  namespaces: [x]\n",
       "[rules[0].nonResourceURLs: Invalid value: [\"/a\"]: rules cannot apply to both regular resources and non-resource "
       "URLs, rules[1].nonResourceURLs: Invalid value: [\"/a\"]: rules cannot apply to both regular resources and "
       "non-resource URLs]"},
      {head + "omitStages: [Foo]\nrules:\n- level: Nope\n- level: Metadata\n  resources:\n  - group: \"a/b\"\n  - "
              "resourceNames: [\"z\"]\n  omitStages: [Bar]\n- level: Metadata\n  nonResourceURLs: [\"x*y\", \"/a*b\", \"\"]\n- {}\n",
       "[omitStages[0]: Invalid value: \"Foo\": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic, "
       "rules[0].level: Unsupported value: \"Nope\": supported values: \"None\", \"Metadata\", \"Request\", "
       "\"RequestResponse\", rules[1].resources.group: Invalid value: \"a/b\": a lowercase RFC 1123 subdomain must consist of "
       "lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. "
       "'example.com', regex used for validation is "
       "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'), rules[1].resources.resourceNames: Invalid value: "
       "[\"z\"]: using resourceNames requires at least one resource, rules[1].omitStages[0]: Invalid value: \"Bar\": allowed "
       "stages are RequestReceived,ResponseStarted,ResponseComplete,Panic, rules[2].nonResourceURLs[0]: Invalid value: "
       "\"x*y\": non-resource URL rules must begin with a '/' character, rules[2].nonResourceURLs[0]: Invalid value: \"x*y\": "
       "non-resource URL wildcards '*' must be the final character of the rule, rules[2].nonResourceURLs[1]: Invalid value: "
       "\"/a*b\": non-resource URL wildcards '*' must be the final character of the rule, rules[2].nonResourceURLs[2]: Invalid "
       "value: \"\": non-resource URL rules must begin with a '/' character, rules[3].level: Required value]"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(ParsePolicy(c.text).status().message(), c.want);
  }
}

Event SomeEvent() {
  Event event;
  event.id = "one";
  event.stage = Stage::kResponseComplete;
  event.uri = "/api/v1/x?a=1&b=2";
  event.verb = "list";
  event.user.emplace().name = "bob";
  event.user->groups = {"g1", "g\"2"};
  event.source_ips = {"127.0.0.1"};
  event.object = ObjectReference{"pods", "default", "", "", "", "v1", "", ""};
  event.response_status = apimachinery::Value::MakeObject();
  event.response_status->Set("metadata", apimachinery::Value::MakeObject());
  event.response_status->Set("code", 200);
  event.request_object = "{\"a\":1}";
  event.received = absl::FromUnixMicros(1'500'000'000'120'000);
  event.at = event.received + absl::Microseconds(5);
  event.annotations = {{"k", "v"}};
  return event;
}

TEST(AuditEventTest, IsOneLineOfJson) {
  EXPECT_EQ(ToJson(SomeEvent()),
            "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Metadata\",\"auditID\":\"one\",\"stage\":"
            "\"ResponseComplete\",\"requestURI\":\"/api/v1/x?a=1\\u0026b=2\",\"verb\":\"list\",\"user\":{\"username\":\"bob\","
            "\"groups\":[\"g1\",\"g\\\"2\"]},\"sourceIPs\":[\"127.0.0.1\"],\"objectRef\":{\"resource\":\"pods\",\"namespace\":"
            "\"default\",\"apiVersion\":\"v1\"},\"responseStatus\":{\"metadata\":{},\"code\":200},\"requestObject\":{\"a\":1},"
            "\"requestReceivedTimestamp\":\"2017-07-14T02:40:00.120000Z\",\"stageTimestamp\":\"2017-07-14T02:40:00.120005Z\","
            "\"annotations\":{\"k\":\"v\"}}");
}

TEST(AuditEventTest, LegacyFormIsOneLineOfWords) {
  EXPECT_EQ(ToLegacy(SomeEvent()),
            "2017-07-14T02:40:00.12Z AUDIT: id=\"one\" stage=\"ResponseComplete\" ip=\"127.0.0.1\" method=\"list\" user=\"bob\" "
            "groups=\"\\\"g1\\\",\\\"g\\\\\\\"2\\\"\" as=\"<self>\" asgroups=\"<lookup>\" user-agent=\"\" namespace=\"default\" "
            "uri=\"/api/v1/x?a=1&b=2\" response=\"200\"");
}

TEST(AuditEventTest, SourcesAreNamedOnceInTheOrderOfTheWay) {
  EXPECT_THAT(SourceIps("10.0.0.1, bad, 10.0.0.2", "10.0.0.1", "127.0.0.1:80"), ElementsAre("10.0.0.1", "10.0.0.2", "127.0.0.1"));
  EXPECT_THAT(SourceIps("", "10.0.0.9", "[::1]:80"), ElementsAre("10.0.0.9", "::1"));
  EXPECT_THAT(SourceIps("10.0.0.1", "", "10.0.0.1:80"), ElementsAre("10.0.0.1"));
}

TEST(AuditBatchPaceTest, BatchesLeaveWhenFullOrWhenTheFirstHasWaited) {
  const absl::Time t = absl::FromUnixSeconds(1000);
  BackendOptions options;
  options.max_batch = 3;
  options.max_wait = absl::Seconds(2);
  BatchPace pace(options);
  EXPECT_EQ(pace.Due(0, t, t), absl::InfiniteFuture());
  EXPECT_EQ(pace.Due(2, t, t + absl::Seconds(1)), t + absl::Seconds(2));
  EXPECT_EQ(pace.Due(3, t, t), t);
  options.throttle = true;
  options.throttle_qps = 2;
  options.throttle_burst = 1;
  BatchPace slow(options);
  EXPECT_EQ(slow.Due(3, t, t), t);
  slow.Sent(t);
  EXPECT_EQ(slow.Due(3, t, t), t + absl::Milliseconds(500));
  EXPECT_EQ(slow.Due(3, t, t + absl::Milliseconds(500)), t + absl::Milliseconds(500));
}

class LogFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/audit-test-XXXXXX";
    dir_ = mkdtemp(name);
  }
  void TearDown() override { fs::remove_all(dir_); }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir_)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  fs::path dir_;
};

TEST_F(LogFileTest, IsSetAsideWhenFullAndOldOnesGo) {
  LogFileOptions options;
  options.path = (dir_ / "a.log").string();
  options.max_bytes = 10;
  options.max_backups = 1;
  auto file = *OpenLogFile(options);
  absl::Time now = absl::FromUnixMillis(1'500'000'000'120);
  for (const char* line : {"12345\n", "67\n", "overflow\n", "again-too-long\n"}) {
    ASSERT_TRUE(file->Write(line, now).ok());
    now += absl::Seconds(1);
  }
  EXPECT_THAT(Names(), ElementsAre("a-2017-07-14T02-40-03.120.log", "a.log"));
  EXPECT_EQ(*base::ReadFile(options.path), "again-too-long\n");
  EXPECT_EQ(*base::ReadFile((dir_ / "a-2017-07-14T02-40-03.120.log").string()), "overflow\n");
  struct stat info;
  ASSERT_EQ(stat(options.path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(LogFileTest, GoesOnWhereItStoppedAndDropsWhatIsTooOld) {
  LogFileOptions options;
  options.path = (dir_ / "a.log").string();
  options.max_bytes = 10;
  options.max_age_days = 1;
  options.compress = true;
  const absl::Time now = absl::FromUnixSeconds(1'500'000'000);
  ASSERT_TRUE((*OpenLogFile(options))->Write("12345678\n", now - absl::Hours(48)).ok());
  auto file = *OpenLogFile(options);
  ASSERT_TRUE(file->Write("second\n", now - absl::Hours(47)).ok());
  ASSERT_TRUE(file->Write("third..\n", now).ok());
  EXPECT_THAT(Names(), ElementsAre("a-2017-07-14T02-40-00.000.log.gz", "a.log"));
}

TEST_F(LogFileTest, BatchesAreWrittenByTheEndAndTooLargeEventsLoseTheirObjects) {
  LogFileOptions options;
  options.path = (dir_ / "a.log").string();
  auto file = *OpenLogFile(options);
  BackendOptions batches;
  batches.mode = Mode::kBatch;
  batches.max_batch = 100;
  batches.buffer_size = 2;
  batches.max_event_bytes = 700;
  auto backend = NewBackend(batches, *file);
  Event large = SomeEvent(), hopeless = SomeEvent();
  large.response_object = absl::StrCat("\"", std::string(800, 'x'), "\"");
  hopeless.uri = std::string(800, 'x');
  EXPECT_TRUE(backend->Take(SomeEvent()));
  EXPECT_FALSE(backend->Take(hopeless));
  EXPECT_TRUE(backend->Take(large));
  EXPECT_FALSE(backend->Take(SomeEvent()));  // the buffer is full
  backend->Stop();
  const std::string text = *base::ReadFile(options.path);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_THAT(text, ::testing::HasSubstr("\"audit.k8s.io/truncated\":\"true\""));
  EXPECT_EQ(text.find("xxx"), std::string::npos);
}

}  // namespace
}  // namespace apiserver::audit
