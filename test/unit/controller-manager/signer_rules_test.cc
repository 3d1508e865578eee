#include "controller-manager/certificates/signer_rules.h"

#include <fstream>

#include "controller-manager/certificates/signing_authorities.h"
#include "gtest/gtest.h"

namespace controller_manager {
namespace {

const pki::RequestFacts kNode{.common_name = "system:node:n1", .organizations = {"system:nodes"}};
const std::vector<std::string> kClient = {"digital signature", "client auth"}, kServer = {"digital signature", "key encipherment", "server auth"};

TEST(SignerRefusal, SaysWhatASignerDoesNotSign) {
  struct Case {
    const char* name;
    const char* signer;
    pki::RequestFacts request;
    std::vector<std::string> usages;
    const char* want;
  };
  pki::RequestFacts serving = kNode, named = kNode;
  serving.dns_names = {"n1"};
  named.emails = {"a@b"};
  const Case cases[] = {
      {"a node's client certificate", kKubeletClient, kNode, kClient, ""},
      {"of another organization", kKubeletClient, {.common_name = "system:node:n1", .organizations = {"o"}}, kClient,
       "organization in CSR is not system:nodes"},
      {"with names", kKubeletClient, serving, kClient, "DNS subjectAltNames are not allowed"},
      {"for serving", kKubeletClient, kNode, kServer, "usages did not match expected set: client auth, digital signature"},
      {"a node's serving certificate", kKubeletServing, serving, kServer, ""},
      {"without a name", kKubeletServing, kNode, kServer, "DNS or IP subjectAltName is required"},
      {"anybody's client certificate", kApiClient, {.common_name = "x"}, {"client auth"}, ""},
      {"that is none", kApiClient, {.common_name = "x"}, {"digital signature"}, "missing required usage: client auth"},
      {"that is more", kApiClient, {.common_name = "x"}, {"client auth", "server auth"}, "usage is not allowed: server auth"},
      {"the old signer", kLegacyUnknown, named, {"any"}, ""},
  };
  for (const Case& c : cases) EXPECT_EQ(SignerRefusal(c.signer, c.request, c.usages), c.want) << c.name;
}

TEST(CertificateLife, IsWhatWasAskedWithinBounds) {
  EXPECT_EQ(CertificateLife(0, absl::Hours(10)), absl::Hours(10));
  EXPECT_EQ(CertificateLife(3600, absl::Hours(10)), absl::Hours(1));
  EXPECT_EQ(CertificateLife(1, absl::Hours(10)), absl::Minutes(10));
  EXPECT_EQ(CertificateLife(360000, absl::Hours(10)), absl::Hours(10));
}

TEST(ApprovalRight, IsOfKubeletsAlone) {
  EXPECT_EQ(ApprovalRight(kKubeletClient, "system:node:n1", kNode, kClient), "selfnodeclient");
  EXPECT_EQ(ApprovalRight(kKubeletClient, "system:bootstrap:abcdef", kNode, kClient), "nodeclient");
  EXPECT_EQ(ApprovalRight(kApiClient, "system:node:n1", kNode, kClient), "");
  EXPECT_EQ(ApprovalRight(kKubeletClient, "x", {.common_name = "x"}, kClient), "");
}

TEST(IsStale, ByWhatBecameOfTheRequest) {
  const absl::Time t = absl::FromUnixSeconds(1000000);
  EXPECT_FALSE(IsStale({.created = t}, t + absl::Hours(23)));
  EXPECT_TRUE(IsStale({.created = t}, t + absl::Hours(25)));
  EXPECT_FALSE(IsStale({.created = t, .approved = t}, t + absl::Minutes(59)));
  EXPECT_TRUE(IsStale({.created = t, .approved = t}, t + absl::Minutes(61)));
  EXPECT_TRUE(IsStale({.created = t, .denied = t}, t + absl::Minutes(61)));
  EXPECT_TRUE(IsStale({.created = t, .approved = t, .issued = true, .certificate_ends = t + absl::Minutes(5)}, t + absl::Minutes(6)));
}

TEST(SigningAuthoritiesTest, OneForAllOrOneEachAndNeverHalfAPair) {
  struct Case {
    SigningOptions options;
    const char* want;
  };
  const SigningFiles both = {"c", "k"}, cert = {"c", ""}, key = {"", "k"};
  const Case cases[] = {
      {{}, ""},
      {{.all = both}, ""},
      {{.kubelet_serving = both, .legacy_unknown = both}, ""},
      {{.legacy_unknown = cert}, "\"cluster-signing-legacy-unknown\": cannot specify cert without key"},
      {{.kubelet_client = key}, "\"cluster-signing-kubelet-client\": cannot specify key without cert"},
      {{.all = both, .api_client = both},
       "cannot specify --cluster-signing-{cert,key}-file and other --cluster-signing-*-file flags at the same time"},
  };
  for (const Case& c : cases) EXPECT_EQ(CheckSigning(c.options).message(), c.want);
}

TEST(SigningAuthoritiesTest, ASignerWithoutFilesSignsNothing) {
  const std::string path = testing::TempDir() + "authority.pem";
  std::ofstream(path) << "PEM";
  const auto own = LoadSigningAuthorities({.legacy_unknown = {path, path}});
  ASSERT_TRUE(own.ok()) << own.status();
  ASSERT_EQ(own->size(), 1u);
  EXPECT_EQ(own->begin()->first, kLegacyUnknown);
  EXPECT_EQ(own->begin()->second.cert, "PEM");
  EXPECT_EQ(LoadSigningAuthorities({.all = {path, path}})->size(), 4u);
  EXPECT_FALSE(LoadSigningAuthorities({.all = {path, ""}}).ok());
}

}  // namespace
}  // namespace controller_manager
