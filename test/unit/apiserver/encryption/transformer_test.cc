#include "apiserver/encryption/transformer.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace apiserver::encryption {
namespace {

const std::string kSecret = "0123456789abcdef0123456789abcdef", kOther = "fedcba9876543210fedcba9876543210";
constexpr char kContext[] = "/registry/secrets/default/x";

std::vector<NamedKey> Keys(std::initializer_list<const char*> names) {
  std::vector<NamedKey> keys;
  for (const char* name : names) keys.push_back({name, name[0] == 'a' ? kSecret : kOther});
  return keys;
}
std::vector<Provider> One(Cipher cipher, std::vector<NamedKey> keys) {
  std::vector<Provider> providers;
  providers.push_back({absl::StrCat("k8s:enc:", NameOf(cipher), ":v1:"), NewCipherTransformer(cipher, std::move(keys))});
  return providers;
}

TEST(TransformerTest, WhatIsSealedOpensAndIsNoneTheSameTwice) {
  for (const Cipher cipher : {Cipher::kAesCbc, Cipher::kAesGcm, Cipher::kSecretbox}) {
    SCOPED_TRACE(NameOf(cipher));
    const auto transformer = NewProviders(One(cipher, Keys({"a"})), "none");
    for (const size_t size : {0, 1, 15, 16, 17, 5000}) {
      const std::string plain(size, 'p');
      const auto sealed = transformer->Seal(plain, kContext), again = transformer->Seal(plain, kContext);
      ASSERT_TRUE(sealed.ok() && again.ok());
      EXPECT_TRUE(absl::StartsWith(*sealed, absl::StrCat("k8s:enc:", NameOf(cipher), ":v1:a:")));
      EXPECT_NE(*sealed, *again);
      const auto opened = transformer->Open(*sealed, kContext);
      ASSERT_TRUE(opened.ok()) << opened.status();
      EXPECT_EQ(opened->plain, plain);
      EXPECT_FALSE(opened->stale);
    }
  }
}

TEST(TransformerTest, ValuesOfUpstreamOpen) {
  // Written by upstream's API server 1.35 under these keys.
  const struct {
    Cipher cipher;
    std::string context, base64;
  } cases[] = {
#include "upstream_values.inc"
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.base64);
    std::string stored;
    ASSERT_TRUE(absl::Base64Unescape(c.base64, &stored));
    const auto opened = NewProviders(One(c.cipher, Keys({"a"})), "none")->Open(stored, c.context);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_TRUE(absl::StartsWith(opened->plain, "k8s"));
    EXPECT_TRUE(absl::StrContains(opened->plain, "ConfigMap"));
  }
}

TEST(TransformerTest, WhatTheFirstKeyHasNotWrittenIsStale) {
  const auto before = NewProviders(One(Cipher::kAesGcm, Keys({"a"})), "none");
  const auto after = NewProviders(One(Cipher::kAesGcm, Keys({"b", "a"})), "none");
  const auto opened = after->Open(*before->Seal("plain", kContext), kContext);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->plain, "plain");
  EXPECT_TRUE(opened->stale);
  EXPECT_FALSE(after->Open(*after->Seal("plain", kContext), kContext)->stale);
}

TEST(TransformerTest, AnIdentityBehindACipherReadsWhatIsPlain) {
  auto providers = One(Cipher::kAesCbc, Keys({"a"}));
  providers.push_back({"", NewIdentityTransformer()});
  const auto transformer = NewProviders(std::move(providers), "no matching prefix found");
  const auto opened = transformer->Open("k8s\0x", kContext);
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(opened->stale);
  const auto foreign = transformer->Open("k8s:enc:aesgcm:v1:a:zzzz", kContext);
  EXPECT_EQ(foreign.status().message(), "no matching prefix found");
}

TEST(TransformerTest, WhatDoesNotFitIsRefused) {
  const auto gcm = NewProviders(One(Cipher::kAesGcm, Keys({"a"})), "no matching prefix found");
  std::string sealed = *gcm->Seal("plain", kContext);
  EXPECT_EQ(gcm->Open(sealed, "/registry/secrets/default/y").status().message(), "cipher: message authentication failed");
  sealed.back() ^= 1;
  EXPECT_EQ(gcm->Open(sealed, kContext).status().message(), "cipher: message authentication failed");
  EXPECT_EQ(gcm->Open("plain", kContext).status().message(), "no matching prefix found");
  EXPECT_EQ(gcm->Open("k8s:enc:aesgcm:v1:z:", kContext).status().message(), "no matching key was found for the provided AES-GCM transformer");
  for (const Cipher cipher : {Cipher::kAesCbc, Cipher::kAesGcm, Cipher::kSecretbox}) {
    const auto transformer = NewProviders(One(cipher, Keys({"a"})), "none");
    for (const size_t size : {0, 1, 15, 16, 17, 24, 28, 40}) {
      EXPECT_FALSE(transformer->Open(absl::StrCat("k8s:enc:", NameOf(cipher), ":v1:a:", std::string(size, 'x')), kContext).ok()) << size;
    }
  }
}

}  // namespace
}  // namespace apiserver::encryption
