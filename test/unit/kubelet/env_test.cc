#include "kubelet/pods/env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kubelet/pods/container_config.h"
#include "kubelet/pods/pod_util.h"

namespace kubelet {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

class FakeObjects final : public ApiObjects {
 public:
  absl::StatusOr<KeyedData> ConfigMap(const std::string& ns, const std::string& name) override {
    if (name != "cm") return absl::NotFoundError("configmaps \"" + name + "\" not found");
    return KeyedData{{"k", "v"}, {"not valid=", "x"}};
  }
  absl::StatusOr<KeyedData> Secret(const std::string& ns, const std::string& name) override {
    return absl::NotFoundError("secret \"" + name + "\" not found");
  }
  absl::StatusOr<ClaimedVolume> Claim(const std::string&, const std::string&) override { return ClaimedVolume{}; }
  std::vector<ServiceAddress> Services(const std::string& ns) override {
    return {{"default", "kubernetes", "10.96.0.1", {{"https", "TCP", 443}}}, {"default", "my-db", "10.96.0.7", {{"", "TCP", 5432}}}};
  }
  absl::StatusOr<ServiceAccountToken> Token(const std::string&, const std::string&, const std::string&, int64_t, const std::string&,
                                            const std::string&) override {
    return ServiceAccountToken{};
  }
};

v1::Pod MakePod() {
  v1::Pod pod;
  pod.mutable_metadata()->set_name("p");
  pod.mutable_metadata()->set_namespace_("default");
  (*pod.mutable_metadata()->mutable_labels())["l"] = "x";
  pod.mutable_spec()->add_containers()->set_name("c");
  return pod;
}

TEST(ExpandVariablesTest, References) {
  const EnvList env = {{"A", "1"}, {"B", "two"}};
  struct Case {
    const char* text;
    const char* want;
  };
  for (const Case& c : {Case{"$(A)-$(B)", "1-two"}, Case{"$(NO)", "$(NO)"}, Case{"$$(A)", "$(A)"}, Case{"$A", "$A"}, Case{"a$", "a$"},
                        Case{"$(A", "$(A"}, Case{"$$$(A)", "$1"}}) {
    EXPECT_EQ(ExpandVariables(c.text, env), c.want) << c.text;
  }
}

TEST(EnvironmentTest, SourcesAndServices) {
  v1::Pod pod = MakePod();
  v1::Container& c = *pod.mutable_spec()->mutable_containers(0);
  c.add_envfrom()->mutable_configmapref()->mutable_localobjectreference()->set_name("cm");
  v1::EnvVar* name = c.add_env();
  name->set_name("NAME");
  name->mutable_valuefrom()->mutable_fieldref()->set_fieldpath("metadata.name");
  v1::EnvVar* label = c.add_env();
  label->set_name("LABEL");
  label->mutable_valuefrom()->mutable_fieldref()->set_fieldpath("metadata.labels['l']");
  v1::EnvVar* both = c.add_env();
  both->set_name("BOTH");
  both->set_value("$(NAME)/$(k)/$(MY_DB_SERVICE_HOST)");
  FakeObjects objects;
  const absl::StatusOr<EnvList> env = MakeEnvironment(pod, c, PodContext{}, objects);
  ASSERT_TRUE(env.ok()) << env.status();
  EXPECT_THAT(*env, Contains(Pair("k", "v")));
  EXPECT_THAT(*env, Contains(Pair("NAME", "p")));
  EXPECT_THAT(*env, Contains(Pair("LABEL", "x")));
  EXPECT_THAT(*env, Contains(Pair("BOTH", "p/v/10.96.0.7")));
  EXPECT_THAT(*env, Contains(Pair("KUBERNETES_SERVICE_PORT_HTTPS", "443")));
  EXPECT_THAT(*env, Contains(Pair("MY_DB_PORT_5432_TCP", "tcp://10.96.0.7:5432")));
}

TEST(EnvironmentTest, MissingSecretIsAnErrorUnlessOptional) {
  v1::Pod pod = MakePod();
  v1::Container& c = *pod.mutable_spec()->mutable_containers(0);
  v1::EnvVar* var = c.add_env();
  var->set_name("X");
  v1::SecretKeySelector* ref = var->mutable_valuefrom()->mutable_secretkeyref();
  ref->mutable_localobjectreference()->set_name("nosec");
  ref->set_key("k");
  FakeObjects objects;
  EXPECT_EQ(MakeEnvironment(pod, c, PodContext{}, objects).status().message(), "secret \"nosec\" not found");
  ref->set_optional(true);
  EXPECT_TRUE(MakeEnvironment(pod, c, PodContext{}, objects).ok());
}

TEST(ResourceFieldTest, DivisorsRoundUp) {
  v1::Pod pod = MakePod();
  v1::Container& c = *pod.mutable_spec()->mutable_containers(0);
  (*c.mutable_resources()->mutable_limits())["memory"].set_string("50Mi");
  (*c.mutable_resources()->mutable_requests())["cpu"].set_string("250m");
  v1::ResourceFieldSelector ref;
  ref.set_resource("limits.memory");
  ref.mutable_divisor()->set_string("1Mi");
  EXPECT_EQ(*ResolveResource(pod, PodContext{}, ref, "c"), "50");
  ref.set_resource("requests.cpu");
  ref.mutable_divisor()->set_string("1");
  EXPECT_EQ(*ResolveResource(pod, PodContext{}, ref, "c"), "1");
  ref.mutable_divisor()->set_string("1m");
  EXPECT_EQ(*ResolveResource(pod, PodContext{}, ref, "c"), "250");
  ref.set_resource("limits.cpu");  // not set: the node's
  EXPECT_EQ(*ResolveResource(pod, PodContext{.node_milli_cpu = 2000}, ref, "c"), "2000");
}

TEST(ContainerConfigTest, RunAsNonRootRefusesRoot) {
  v1::Pod pod = MakePod();
  pod.mutable_metadata()->set_uid("u");
  pod.mutable_spec()->mutable_securitycontext()->set_runasnonroot(true);
  const absl::StatusOr<ContainerConfig> config = MakeContainerConfig(pod, pod.spec().containers(0), NodeSettings{}, {}, Image{}, 0);
  EXPECT_EQ(config.status().message(),
            "container has runAsNonRoot and image will run as root (pod: \"p_default(u)\", container: c)");
  pod.mutable_spec()->mutable_securitycontext()->set_runasuser(1000);
  EXPECT_TRUE(MakeContainerConfig(pod, pod.spec().containers(0), NodeSettings{}, {}, Image{}, 0).ok());
}

TEST(ContainerConfigTest, TheNearestSeccompProfileCounts) {
  using Type = SeccompProfile::Type;
  struct Case {
    std::string name, of_pod, own;  // TYPE or TYPE:FILE
    bool by_default = false;
    SeccompProfile want = {};
  };
  const Case cases[] = {
      {"none asked for", "", "", false, {Type::kUnconfined, ""}},
      {"none asked for, on a node with a default", "", "", true, {Type::kRuntimeDefault, ""}},
      {"asked out of the default", "Unconfined", "", true, {Type::kUnconfined, ""}},
      {"the pod's", "RuntimeDefault", "", false, {Type::kRuntimeDefault, ""}},
      {"the container's wins", "RuntimeDefault", "Unconfined", false, {Type::kUnconfined, ""}},
      {"a file below the node's folder", "RuntimeDefault", "Localhost:a/b.json", false, {Type::kLocalhost, "/root/seccomp/a/b.json"}},
  };
  const auto set = [](const std::string& text, auto* context) {
    if (text.empty()) return;
    const size_t colon = text.find(':');
    context->mutable_seccompprofile()->set_type(text.substr(0, colon));
    if (colon != std::string::npos) context->mutable_seccompprofile()->set_localhostprofile(text.substr(colon + 1));
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    v1::Pod pod;
    v1::Container* container = pod.mutable_spec()->add_containers();
    set(c.of_pod, pod.mutable_spec()->mutable_securitycontext());
    set(c.own, container->mutable_securitycontext());
    NodeSettings node;
    node.seccomp_root = "/root/seccomp";
    node.seccomp_default = c.by_default;
    const auto config = MakeContainerConfig(pod, *container, node, {}, Image{}, 0);
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->seccomp, c.want);
  }
  v1::Pod pod;
  set("Localhost", pod.mutable_spec()->add_containers()->mutable_securitycontext());
  EXPECT_EQ(MakeContainerConfig(pod, pod.spec().containers(0), NodeSettings{}, {}, Image{}, 0).status().message(),
            "localhostProfile must be set if seccompProfile type is Localhost.");
}

TEST(SandboxConfigTest, APrivilegedContainerMakesAPrivilegedSandbox) {
  v1::Pod pod = MakePod();
  EXPECT_FALSE(MakeSandboxConfig(pod, NodeSettings{}, 0).privileged);
  pod.mutable_spec()->add_initcontainers()->mutable_securitycontext()->set_privileged(true);
  EXPECT_TRUE(MakeSandboxConfig(pod, NodeSettings{}, 0).privileged);
}

TEST(SandboxConfigTest, ClusterDns) {
  const v1::Pod pod = MakePod();
  NodeSettings node;
  node.cluster_dns = {"10.96.0.10"};
  node.cluster_domain = "cluster.local";
  node.host_resolv_conf = "nameserver 1.1.1.1\nsearch corp.example\n";
  SandboxConfig config = MakeSandboxConfig(pod, node, 0);
  EXPECT_THAT(config.dns_servers, testing::ElementsAre("10.96.0.10"));
  EXPECT_THAT(config.dns_searches, testing::ElementsAre("default.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"));
  v1::Pod host = pod;
  host.mutable_spec()->set_hostnetwork(true);
  config = MakeSandboxConfig(host, node, 0);
  EXPECT_THAT(config.dns_servers, testing::ElementsAre("1.1.1.1"));
}

TEST(HostsFileTest, NamesThePod) {
  v1::Pod pod = MakePod();
  pod.mutable_spec()->set_hostname("hh");
  pod.mutable_spec()->set_subdomain("sub");
  v1::HostAlias* alias = pod.mutable_spec()->add_hostaliases();
  alias->set_ip("1.2.3.4");
  alias->add_hostnames("foo");
  alias->add_hostnames("bar");
  NodeSettings node;
  node.cluster_domain = "cluster.local";
  const std::string text = MakeHostsFile(pod, node, "10.0.0.5", "");
  EXPECT_THAT(text, HasSubstr("10.0.0.5\thh.sub.default.svc.cluster.local\thh\n"));
  EXPECT_THAT(text, HasSubstr("\n# Entries added by HostAliases.\n1.2.3.4\tfoo\tbar\n"));
}

}  // namespace
}  // namespace kubelet
