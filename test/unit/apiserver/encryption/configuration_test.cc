#include "apiserver/encryption/configuration.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace apiserver::encryption {
namespace {

constexpr char kHead[] = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n";
constexpr char kKey16[] = "MDEyMzQ1Njc4OWFiY2RlZg==";
constexpr char kKey32[] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

absl::StatusOr<std::shared_ptr<const Configuration>> Read(absl::string_view text) {
  return Configuration::Read(text, "FILE", [](const KmsAddress&) -> absl::StatusOr<TransformerPtr> { return NewIdentityTransformer(); });
}
std::shared_ptr<const Configuration> Rules(absl::string_view rules) {
  auto read = Read(absl::StrCat(kHead, "resources:\n", rules));
  EXPECT_TRUE(read.ok()) << read.status();
  return read.ok() ? *read : nullptr;
}

TEST(ConfigurationTest, MistakesAreToldInUpstreamsWords) {
  const auto rule = [](absl::string_view resources, absl::string_view provider) {
    return absl::StrCat(kHead, "resources:\n- resources: ", resources, "\n  providers:\n  - ", provider, "\n");
  };
  constexpr char kOverlap[] =
      ": using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
  const struct {
    std::string text, error;
  } cases[] = {
      {"", "error while loading file: encryption provider configuration file \"FILE\" is empty"},
      {"{}", "error decoding encryption provider configuration file \"FILE\": Object 'Kind' is missing in '{}'"},
      {kHead, "resources: Required value: at least one resources is required"},
      {absl::StrCat(kHead, "resources:\n- resources: []\n  providers: []\n"),
       "[resources[0].resources: Required value: at least one resources[0].resources is required, resources[0].providers: Required "
       "value: at least one resources[0].providers is required]"},
      {rule("[secrets]", "{}"),
       "resources[0].providers[0]: Invalid value: {\"AESGCM\":null,\"AESCBC\":null,\"Secretbox\":null,\"Identity\":null,\"KMS\":null}: "
       "provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity"},
      {rule("[secrets]", "{identity: {}, aescbc: {keys: []}}"),
       "[resources[0].providers[0]: Invalid value: {\"AESGCM\":null,\"AESCBC\":{\"Keys\":[]},\"Secretbox\":null,\"Identity\":{},\"KMS\":"
       "null}: more than one provider specified in a single element, should split into different list elements, "
       "resources[0].providers[0].aescbc.keys: Required value: at least one keys is required]"},
      {rule("[secrets]", "aescbc: {keys: [{name: '', secret: ''}]}"),
       "[resources[0].providers[0].aescbc.keys[0].name: Required value: name is a mandatory field for a key, "
       "resources[0].providers[0].aescbc.keys[0].secret: Required value: secret is a mandatory field for a key]"},
      {rule("[secrets]", "aescbc: {keys: [{name: a, secret: 'MDEyMzQ='}]}"),
       "resources[0].providers[0].aescbc.keys[0].secret: Invalid value: \"REDACTED\": secret is not of the expected length, got 5, "
       "expected one of [16 24 32]"},
      {rule("[secrets]", "aescbc: {keys: [{name: a, secret: '***'}]}"),
       "resources[0].providers[0].aescbc.keys[0].secret: Invalid value: \"REDACTED\": secrets must be base64 encoded"},
      {rule("[secrets]", absl::StrCat("secretbox: {keys: [{name: a, secret: '", kKey16, "'}]}")),
       "resources[0].providers[0].secretbox.keys[0].secret: Invalid value: \"REDACTED\": secret is not of the expected length, got 16, "
       "expected one of [32]"},
      {rule("[secrets]", "kms: {name: '', endpoint: ''}"),
       "[resources[0].providers[0].kms.name: Required value: name is a mandatory field for a provider, "
       "resources[0].providers[0].kms.endpoint: Invalid value: \"\": endpoint is a mandatory field for a kms]"},
      {rule("[secrets]", "kms: {name: 'a:b', endpoint: 'http://x', cachesize: -1, timeout: 0s, apiVersion: v3}"),
       "[resources[0].providers[0].kms.name: Invalid value: \"a:b\": invalid KMS provider name a:b, must not contain ':', "
       "resources[0].providers[0].kms.timeout: Invalid value: \"0s\": timeout should be a positive value, "
       "resources[0].providers[0].kms.endpoint: Invalid value: \"http://x\": unsupported scheme \"http\" for KMS provider, only unix is "
       "supported, resources[0].providers[0].kms.cachesize: Invalid value: -1: cachesize is not supported in v2, "
       "resources[0].providers[0].kms.apiVersion: Invalid value: \"v3\": unsupported apiVersion apiVersion for KMS provider, only v1 and "
       "v2 are supported]"},
      {rule("['*.*', secrets]", "identity: {}"), absl::StrCat("resources[0].resources: Invalid value: [\"*.*\",\"secrets\"]", kOverlap)},
      {rule("['*.', 'deployments.apps', '*.apps']", "identity: {}"),
       absl::StrCat("resources[0].resources: Invalid value: [\"*.\",\"deployments.apps\",\"*.apps\"]", kOverlap)},
      {rule("[apiserveripinfo, 'pods.*', '*.extensions', '*.events.k8s.io', 'a..b', '']", "identity: {}"),
       "[resources[0].resources[0]: Invalid value: \"apiserveripinfo\": resources which do not have REST API/s cannot be encrypted, "
       "resources[0].resources[1]: Invalid value: \"pods.*\": encrypting the same resource across groups is not supported, "
       "resources[0].resources[2]: Invalid value: \"*.extensions\": 'extensions' group has been removed and cannot be used for "
       "encryption, resources[0].resources[3]: Invalid value: \"*.events.k8s.io\": '*.events.k8s.io' objects are stored using the "
       "'events' API group in etcd. Use 'events' instead in the config file]"},
      {rule("['*', Foo]", "identity: {}"),
       absl::StrCat("[resources[0].resources[0]: Invalid value: \"*\": use '*.' to encrypt all the resources from core API group or *.* "
                    "to encrypt all resources, resources[0].resources[1]: Invalid value: \"Foo\": resource name should not contain "
                    "capital letters]")},
      {absl::StrCat(kHead, "resources:\n- resources: [secrets]\n  bogus: 1\n"),
       "error decoding encryption provider configuration file \"FILE\": strict decoding error: unknown field \"resources[0].bogus\""},
      {absl::StrCat(kHead, "resources: 5\n"),
       "error decoding encryption provider configuration file \"FILE\": json: cannot unmarshal number into Go struct field "
       "EncryptionConfiguration.resources of type []v1.ResourceConfiguration"},
      {"apiVersion: apiserver.config.k8s.io/v9\nkind: EncryptionConfiguration\n",
       "error decoding encryption provider configuration file \"FILE\": no kind \"EncryptionConfiguration\" is registered for version "
       "\"apiserver.config.k8s.io/v9\" in scheme \"pkg/runtime/scheme.go:111\""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto read = Read(c.text);
    std::string want = absl::StrCat("error while parsing file: ", c.error);
    if (c.text.find("['*', Foo]") != std::string::npos) {  // '*' alone covers the core group too
      want = absl::StrCat("error while parsing file: [resources[0].resources: Invalid value: [\"*\",\"Foo\"]", kOverlap, ", ", c.error.substr(1));
    }
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.status().message(), want);
  }
}

TEST(ConfigurationTest, TheFirstRuleThatNamesAResourceIsItsOwn) {
  const auto rules = Rules(absl::StrCat("- resources: [secrets, 'widgets.example.com']\n  providers: [{aescbc: {keys: [{name: one, secret: '",
                                        kKey16, "'}]}}]\n- resources: ['*.']\n  providers: [{identity: {}}]\n- resources: ['*.apps']\n"
                                                "  providers: [{aesgcm: {keys: [{name: two, secret: '", kKey32, "'}]}}]\n"));
  ASSERT_NE(rules, nullptr);
  const auto begin = [&](absl::string_view key) -> std::string {
    const Transformer* transformer = rules->FindByKey(key);
    if (transformer == nullptr) return "nothing";
    return transformer->Seal("plain", key)->substr(0, 22);
  };
  EXPECT_EQ(begin("/registry/secrets/default/x"), "k8s:enc:aescbc:v1:one:");
  EXPECT_EQ(begin("/registry/example.com/widgets/default/x"), "k8s:enc:aescbc:v1:one:");
  EXPECT_EQ(begin("/registry/example.com/gadgets/default/x"), "nothing");
  EXPECT_EQ(begin("/registry/configmaps/default/x"), "plain");
  EXPECT_EQ(begin("/registry/services/specs/default/x"), "plain");
  EXPECT_EQ(begin("/registry/events/default/x"), "plain");
  EXPECT_EQ(begin("/registry/deployments/default/x"), "k8s:enc:aesgcm:v1:two:");
  EXPECT_EQ(begin("/registry/ranges/serviceips"), "nothing");
  EXPECT_EQ(begin("/registry/masterleases/10.0.0.1"), "nothing");
  EXPECT_EQ(begin("/elsewhere/secrets/default/x"), "nothing");
}

}  // namespace
}  // namespace apiserver::encryption
