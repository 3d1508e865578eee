#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "kubectl/cli/codec.h"
#include "kubectl/rest/discovery.h"
#include "kubectl/rest/kubeconfig.h"

namespace kubectl {
namespace {

using ::testing::ElementsAre;

Value Yaml(absl::string_view text) {
  absl::StatusOr<Value> value = ParseYaml(text);
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? *value : Value();
}

const char kFirst[] = R"(
current-context: a
clusters: [{name: c, cluster: {server: "https://first:1/"}}]
contexts: [{name: a, context: {cluster: c, user: u, namespace: ns}}]
users: [{name: u, user: {token: t}}])";
const char kSecond[] = R"(
current-context: b
clusters: [{name: c, cluster: {server: "https://second:1"}}, {name: d, cluster: {server: "https://d:1", insecure-skip-tls-verify: true}}]
contexts: [{name: b, context: {cluster: d, user: v}}]
users: [{name: v, user: {username: nick, password: p}}])";

Kubeconfig Merged() {
  Kubeconfig config;
  EXPECT_TRUE(config.Merge(Yaml(kFirst), "/x/first").ok());
  EXPECT_TRUE(config.Merge(Yaml(kSecond), "/x/second").ok());
  return config;
}

TEST(KubeconfigTest, FirstFileWins) {
  const Kubeconfig config = Merged();
  EXPECT_EQ(config.current_context, "a");
  EXPECT_EQ(config.Cluster("c")->GetString("server"), "https://first:1/");
  EXPECT_EQ(config.Cluster("d")->GetString("server"), "https://d:1");
  EXPECT_EQ(config.clusters.at("d").file, "/x/second");
}

TEST(KubeconfigTest, SearchPath) {
  EXPECT_THAT(KubeconfigFiles("", "a:b::a", "/h"), ElementsAre("a", "b"));
  EXPECT_THAT(KubeconfigFiles("f", "a:b", "/h"), ElementsAre("f"));
  EXPECT_THAT(KubeconfigFiles("", nullptr, "/h"), ElementsAre("/h/.kube/config"));
}

// In upstream's words, and before anything is sent.
TEST(KubeconfigTest, CertificatesThatAreNoneAreRefused) {
  const std::string none = testing::TempDir() + "no_pem";
  std::ofstream(none) << "-----\n";
  const auto refused = [](const ConnectionFlags& flags) { return std::string(ResolveConnection(Merged(), flags).status().message()); };
  ConnectionFlags authority, certificate, key;
  authority.certificate_authority = certificate.client_certificate = key.client_key = none;
  EXPECT_EQ(refused(authority), "unable to load root certificates: unable to parse bytes as PEM block");
  EXPECT_EQ(refused(certificate), "tls: failed to find any PEM data in certificate input");
  EXPECT_EQ(refused(key), "tls: failed to find any PEM data in key input");
}

TEST(KubeconfigTest, CurrentContextGivesTheConnection) {
  const auto connection = ResolveConnection(Merged(), {});
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ(connection->server, "https://first:1");
  EXPECT_EQ(connection->token, "t");
  EXPECT_EQ(connection->ns, "ns");
  EXPECT_FALSE(connection->ns_explicit);
}

TEST(KubeconfigTest, FlagsOverrule) {
  ConnectionFlags flags;
  flags.context = "b";
  flags.ns = "other";
  flags.server = "https://third:1/";
  const auto connection = ResolveConnection(Merged(), flags);
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ(connection->server, "https://third:1");
  EXPECT_EQ(connection->username, "nick");
  EXPECT_TRUE(connection->insecure);
  EXPECT_EQ(connection->ns, "other");
  EXPECT_TRUE(connection->ns_explicit);
}

TEST(KubeconfigTest, UnknownNames) {
  ConnectionFlags flags;
  flags.context = "nope";
  EXPECT_EQ(ResolveConnection(Merged(), flags).status().message(),
            "context \"nope\" does not exist");
  flags.context = "";
  flags.cluster = "nope";
  EXPECT_EQ(ResolveConnection(Merged(), flags).status().message(),
            "cluster \"nope\" does not exist");
}

TEST(DiscoveryTest, CacheRoundTrip) {
  ApiResource r{"apps", "v1", "deployments", "deployment", "Deployment", true, true};
  r.verbs = {"get", "list"};
  r.short_names = {"deploy"};
  r.categories = {"all"};
  r.subresources = {"scale", "status"};
  const std::vector<ApiResource> back =
      DecodeResources(EncodeResources({r, {"", "v1", "nodes", "node", "Node"}}));
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].QualifiedName(), "deployments.apps");
  EXPECT_THAT(back[0].short_names, ElementsAre("deploy"));
  EXPECT_THAT(back[0].subresources, ElementsAre("scale", "status"));
  EXPECT_FALSE(back[1].namespaced);
  EXPECT_TRUE(DecodeResources("torn\tline\n").empty());
}

TEST(DiscoveryTest, Paths) {
  const ApiResource d{"apps", "v1", "deployments", "deployment", "Deployment", true};
  EXPECT_EQ(d.Path("ns", "web", "scale"), "/apis/apps/v1/namespaces/ns/deployments/web/scale");
  const ApiResource n{"", "v1", "nodes", "node", "Node", false};
  EXPECT_EQ(n.Path("ns", "n1"), "/api/v1/nodes/n1");
}

}  // namespace
}  // namespace kubectl
