#include "apiserver/admission/admission.h"

#include "absl/strings/match.h"
#include "apiserver/admission/pod_security_checks.h"
#include "base/clock.h"
#include "gtest/gtest.h"
#include "unit/apiserver/auth/fake_reader.h"

namespace apiserver::admission {
namespace {

class Admission : public testing::Test {
 protected:
  Admission() : chain_(NewChain({}, reader_, nullptr, nullptr, clock_)) {
    reader_.Put({"", "namespaces"}, R"({"metadata":{"name":"d"},"status":{"phase":"Active"}})");
    reader_.Put({"", "namespaces"}, R"({"metadata":{"name":"strict","labels":{
        "pod-security.kubernetes.io/enforce":"restricted"}},"status":{"phase":"Active"}})");
    reader_.Put({"", "namespaces"}, R"({"metadata":{"name":"going","deletionTimestamp":"2026-01-01T00:00:00Z"},
        "status":{"phase":"Terminating"}})");
    for (const char* ns : {"d", "strict"}) {
      reader_.Put({"", "serviceaccounts"},
                  (std::string(R"({"metadata":{"name":"default","uid":"u","namespace":")") + ns + "\"}}").c_str());
    }
    info_.is_resource_request = true;
    info_.verb = "create";
    info_.version = "v1";
    info_.resource = "pods";
    user_.name = "x";
  }

  absl::Status Create(const char* ns, Value& object) {
    info_.ns = ns;
    Attributes a;
    a.info = &info_;
    a.user = &user_;
    a.kind = apimachinery::Schema::Builtin().FindKind("v1", "Pod");
    a.name = object.GetString("metadata.name");
    a.object = &object;
    absl::Status status = chain_->Mutate(a);
    if (!status.ok()) return status;
    return chain_->Validate(a, nullptr);
  }

  FakeReader reader_;
  base::FakeClock clock_;
  pipeline::RequestInfo info_;
  pipeline::UserInfo user_;
  std::unique_ptr<Chain> chain_;
};

Value Pod(const char* ns) {
  Value pod = *apimachinery::ParseJson(R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}})");
  pod["metadata"].Set("namespace", ns);
  return pod;
}

TEST_F(Admission, APodGetsItsAccountTokenPriorityAndTolerations) {
  Value pod = Pod("d");
  ASSERT_TRUE(Create("d", pod).ok());
  EXPECT_EQ(pod.GetString("spec.serviceAccountName"), "default");
  ASSERT_EQ(pod.GetArray("spec.volumes").size(), 1u);
  EXPECT_TRUE(absl::StartsWith(pod.GetArray("spec.volumes")[0].GetString("name"), "kube-api-access-"));
  EXPECT_EQ(pod.GetArray("spec.containers")[0].GetArray("volumeMounts")[0].GetString("mountPath"),
            "/var/run/secrets/kubernetes.io/serviceaccount");
  EXPECT_EQ(pod.GetInt("spec.priority", -1), 0);
  EXPECT_EQ(pod.GetArray("spec.tolerations").size(), 2u);
}

TEST_F(Admission, ATerminatingNamespaceTakesNothingNew) {
  Value pod = Pod("going");
  const absl::Status status = Create("going", pod);
  EXPECT_TRUE(absl::StrContains(status.message(),
                                "unable to create new content in namespace going because it is being terminated"))
      << status;
}

TEST_F(Admission, AStrictNamespaceRefusesAPlainPod) {
  Value pod = Pod("strict");
  const absl::Status status = Create("strict", pod);
  EXPECT_TRUE(absl::StrContains(status.message(), "violates PodSecurity \"restricted:latest\": "
                                                  "allowPrivilegeEscalation != false (container \"c\" must set"))
      << status;
}

TEST(SecurityViolations, NamesWhatEachLevelForbids) {
  const Value none = Value::MakeObject();
  const Value spec = *apimachinery::ParseJson(R"({"hostNetwork":true,"containers":[{"name":"c",
      "securityContext":{"privileged":true,"capabilities":{"add":["SYS_ADMIN"]}}}]})");
  const auto found = [&](const char* level) { return DescribeViolations(FindSecurityViolations({level}, none, spec)); };
  EXPECT_EQ(found("privileged"), "");
  EXPECT_EQ(found("baseline"),
            "non-default capabilities (container \"c\" must not include \"SYS_ADMIN\" in "
            "securityContext.capabilities.add), host namespaces (hostNetwork=true), privileged (container \"c\" must not "
            "set securityContext.privileged=true)");
}

TEST(SecurityViolations, FollowTheVersionOfTheStandard) {
  struct Case {
    const char* spec;
    const char* level;
    int minor;
    const char* want;
  };
  constexpr char kGood[] =
      R"({"containers":[{"name":"c","securityContext":{"allowPrivilegeEscalation":false,"runAsNonRoot":true,
          "runAsUser":0,"capabilities":{"drop":["ALL"]},"seccompProfile":{"type":"RuntimeDefault"}}}]})";
  constexpr char kSysctl[] = R"({"securityContext":{"sysctls":[{"name":"net.ipv4.tcp_rmem","value":"1"}]}})";
  constexpr char kOwnUsers[] = R"({"hostUsers":false,"containers":[{"name":"c","securityContext":{"procMount":"Unmasked"}}]})";
  const Case cases[] = {
      {kGood, "restricted", 22, ""},
      {kGood, "restricted", 23, "runAsUser=0"},
      {kSysctl, "baseline", 31, "forbidden sysctls"},
      {kSysctl, "baseline", 32, ""},
      {kOwnUsers, "baseline", 34, "procMount"},
      {kOwnUsers, "baseline", 35, ""},
      {R"({"containers":[{"name":"c"}]})", "restricted", 7, "runAsNonRoot != true"},
      {R"({"containers":[{"name":"c"}]})", "restricted", 8, "allowPrivilegeEscalation != false, runAsNonRoot != true"},
      {R"({"os":{"name":"windows"},"containers":[{"name":"c"}]})", "restricted", 25, "runAsNonRoot != true"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.spec);
    const auto found = FindSecurityViolations({c.level, c.minor}, Value::MakeObject(), *apimachinery::ParseJson(c.spec));
    EXPECT_EQ(DescribeViolations(found, /*details=*/false), c.want) << c.minor;
  }
}

TEST(BootstrapPriorityClasses, AreTheTwoOfTheSystem) { EXPECT_EQ(BootstrapPriorityClasses().size(), 2u); }

}  // namespace
}  // namespace apiserver::admission
