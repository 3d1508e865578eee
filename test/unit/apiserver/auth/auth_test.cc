#include <openssl/ec.h>
#include <openssl/pem.h>

#include "apiserver/auth/authorizer.h"
#include "apiserver/auth/bootstrap_policy.h"
#include "apiserver/auth/token_issuer.h"
#include "base/clock.h"
#include "gtest/gtest.h"
#include "pki/jwt.h"
#include "unit/apiserver/auth/fake_reader.h"

namespace apiserver::auth {
namespace {

using apimachinery::Value;

constexpr char kRbac[] = "rbac.authorization.k8s.io";
std::string NewKeyPem() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);  // NOLINT: OpenSSL's type
  std::string pem(text, static_cast<size_t>(size));
  BIO_free(out);
  EVP_PKEY_free(key);
  return pem;
}

pipeline::RequestInfo Ask(const char* verb, const char* resource, const char* ns, const char* name = "") {
  pipeline::RequestInfo info;
  info.is_resource_request = true;
  info.verb = verb;
  info.resource = resource;
  info.ns = ns;
  info.name = name;
  return info;
}

class Rbac : public testing::Test {
 protected:
  Rbac() : authorizer_(NewAuthorizer(modes_, reader_)) {
    reader_.Put({kRbac, "roles"}, R"({"metadata":{"name":"reader","namespace":"d"},"rules":[
        {"verbs":["get","list"],"apiGroups":[""],"resources":["pods"]},
        {"verbs":["get"],"apiGroups":[""],"resources":["configmaps"],"resourceNames":["one"]}]})");
    reader_.Put({kRbac, "rolebindings"}, R"({"metadata":{"name":"b","namespace":"d"},
        "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"reader"},
        "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"x"}]})");
    user_.name = "x";
  }
  bool Allowed(const UserInfo& user, const pipeline::RequestInfo& info) {
    return authorizer_->Authorize({user, info}).allowed();
  }

  const std::vector<std::string> modes_ = {"Node", "RBAC"};
  FakeReader reader_;
  std::unique_ptr<Authorizer> authorizer_;
  UserInfo user_;
};

TEST_F(Rbac, ABindingGrantsItsRoleInItsNamespaceOnly) {
  EXPECT_TRUE(Allowed(user_, Ask("list", "pods", "d")));
  EXPECT_FALSE(Allowed(user_, Ask("list", "pods", "other")));
  EXPECT_FALSE(Allowed(user_, Ask("delete", "pods", "d", "p")));
}

TEST_F(Rbac, ResourceNamesNarrowARule) {
  EXPECT_TRUE(Allowed(user_, Ask("get", "configmaps", "d", "one")));
  EXPECT_FALSE(Allowed(user_, Ask("get", "configmaps", "d", "two")));
}

TEST_F(Rbac, MastersMayDoAll) {
  UserInfo admin;
  admin.name = "admin";
  admin.groups = {"system:masters"};
  EXPECT_TRUE(Allowed(admin, Ask("delete", "nodes", "", "n")));
}

TEST_F(Rbac, RefusalsReadAsUpstreams) {
  const pipeline::RequestInfo info = Ask("list", "secrets", "default");
  EXPECT_EQ(ForbiddenMessage({user_, info}, ""),
            "secrets is forbidden: User \"x\" cannot list resource \"secrets\" in API group \"\" in the namespace "
            "\"default\"");
}

TEST_F(Rbac, NobodyGrantsWhatTheyDoNotHold) {
  const Value held = *apimachinery::ParseJson(R"({"metadata":{"name":"r","namespace":"d"},
      "rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]})");
  const Value more = *apimachinery::ParseJson(R"({"metadata":{"name":"r","namespace":"d"},
      "rules":[{"verbs":["get"],"apiGroups":[""],"resources":["secrets"]}]})");
  EXPECT_TRUE(CheckEscalation(*authorizer_, reader_, user_, "Role", "d", held, nullptr).ok());
  EXPECT_EQ(CheckEscalation(*authorizer_, reader_, user_, "Role", "d", more, nullptr).code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(Rbac, ANodeReadsTheSecretsOfItsPodsOnly) {
  reader_.Put({"", "pods"}, R"({"metadata":{"name":"p","namespace":"d"},"spec":{"nodeName":"n1",
      "volumes":[{"name":"v","secret":{"secretName":"s"}}]}})");
  UserInfo node;
  node.name = "system:node:n1";
  node.groups = {"system:nodes", "system:authenticated"};
  EXPECT_TRUE(Allowed(node, Ask("get", "secrets", "d", "s")));
  EXPECT_FALSE(Allowed(node, Ask("get", "secrets", "d", "t")));
  node.name = "system:node:n2";
  EXPECT_FALSE(Allowed(node, Ask("get", "secrets", "d", "s")));
}

TEST(BootstrapPolicy, HasUpstreamsObjectsAndRestoresMissingRules) {
  ASSERT_EQ(BootstrapPolicy().size(), 131u);
  for (const Value& wanted : BootstrapPolicy()) {
    if (wanted.GetString("kind") != "ClusterRole" || wanted.GetString("metadata.name") != "system:kube-scheduler") continue;
    Value stored = wanted;
    EXPECT_FALSE(ReconcilePolicy(wanted, stored));
    stored.Set("rules", Value::MakeArray());
    EXPECT_TRUE(ReconcilePolicy(wanted, stored));
    EXPECT_FALSE(stored.GetArray("rules").empty());
  }
}

TEST(Jwt, WhatAKeySignsItVerifies) {
  const auto keys = pki::JwtKey::ParsePem(NewKeyPem());
  ASSERT_TRUE(keys.ok()) << keys.status();
  Value claims = Value::MakeObject();
  claims.Set("iss", "me");
  const auto token = pki::SignJwt(*keys->front(), claims);
  ASSERT_TRUE(token.ok());
  const auto parsed = pki::ParseJwt(*token);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->header.GetString("alg"), "ES256");
  EXPECT_EQ(parsed->claims.GetString("iss"), "me");
  EXPECT_TRUE(keys->front()->Verify(parsed->signed_text, parsed->signature));
  EXPECT_FALSE(keys->front()->Verify(parsed->signed_text + "x", parsed->signature));
  EXPECT_FALSE(pki::ParseJwt("a.b").ok());
  EXPECT_FALSE(pki::ParseJwt(*token + "==").ok());  // the same bytes, and no other text for them
}

TEST(TokenIssuer, PublishesItsKeyAndItsIssuer) {
  base::FakeClock clock;
  TokenIssuerConfig config;
  config.signing_key_pem = NewKeyPem();
  config.issuer = "https://kubernetes.default.svc";
  const auto issuer = NewTokenIssuer(config, clock);
  ASSERT_TRUE(issuer.ok()) << issuer.status();
  const Value keys = *apimachinery::ParseJson((*issuer)->Jwks());
  ASSERT_EQ(keys.GetArray("keys").size(), 1u);
  EXPECT_EQ(keys.GetArray("keys")[0].GetString("kty"), "EC");
  EXPECT_EQ(apimachinery::ParseJson((*issuer)->OpenIdConfiguration())->GetString("issuer"), config.issuer);
}

}  // namespace
}  // namespace apiserver::auth
