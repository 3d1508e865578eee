#include "client/kubeconfig.h"

#include <gtest/gtest.h>

namespace client {
namespace {

constexpr char kConfig[] = R"(
apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c1
  cluster:
    server: https://127.0.0.1:6443
    certificate-authority-data: Y2E=
    extensions:
    - name: skiff.dev/grpc
      extension: {server: "127.0.0.1:6444"}
- name: c2
  cluster: {server: "https://other:1", insecure-skip-tls-verify: true}
users:
- name: u1
  user: {client-certificate-data: Y2VydA==, client-key-data: a2V5}
- name: u2
  user: {token: secret, tokenFile: dir/token}
contexts:
- name: one
  context: {cluster: c1, user: u1, namespace: team}
- name: two
  context: {cluster: c2, user: u2}
- name: broken
  context: {cluster: nowhere}
)";

TEST(KubeconfigTest, CurrentContextWithEmbeddedCertificatesAndGrpc) {
  const auto config = ParseKubeconfig(kConfig, "/etc/k");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server, "https://127.0.0.1:6443");
  EXPECT_EQ(config->grpc_server, "127.0.0.1:6444");
  EXPECT_EQ(config->ca_pem, "ca");
  EXPECT_EQ(config->cert_pem, "cert");
  EXPECT_EQ(config->key_pem, "key");
  EXPECT_EQ(config->ns, "team");
}

TEST(KubeconfigTest, NamedContextWithToken) {
  const auto config = ParseKubeconfig(kConfig, "/etc/k", "two");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->grpc_server.empty());
  EXPECT_TRUE(config->insecure);
  EXPECT_EQ(config->token, "secret");
  EXPECT_EQ(config->token_file, "/etc/k/dir/token");
}

TEST(KubeconfigTest, NamesWhatIsMissing) {
  EXPECT_EQ(ParseKubeconfig(kConfig, "", "broken").status().message(),
            "kubeconfig: cluster \"nowhere\" is not in clusters");
  EXPECT_EQ(ParseKubeconfig(kConfig, "", "three").status().message(),
            "kubeconfig: context \"three\" is not in contexts");
}

}  // namespace
}  // namespace client
