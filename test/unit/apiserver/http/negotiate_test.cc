#include "apiserver/http/negotiate.h"

#include <gtest/gtest.h>

#include "apimachinery/api_error.h"

namespace apiserver::http {
namespace {

TEST(NegotiateTest, TakesTheFirstFormItCanServe) {
  struct Case { const char* accept; Format format; As as; };
  const Case cases[] = {
      {"", Format::kJson, As::kObject},
      {"*/*", Format::kJson, As::kObject},
      {"application/vnd.kubernetes.protobuf, application/json", Format::kProtobuf, As::kObject},
      {"application/yaml", Format::kYaml, As::kObject},
      {"text/html, application/json;q=0.5, application/yaml;q=0.9", Format::kYaml, As::kObject},
      // What kubectl get sends.
      {"application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
       Format::kJson, As::kTable},
      {"application/json;as=Table;v=v9;g=meta.k8s.io,application/json", Format::kJson, As::kObject},
      {"application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", Format::kProtobuf,
       As::kPartialList},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.accept);
    const auto got = Negotiate(c.accept, Endpoint::kObjects, /*pretty=*/false);
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->format, c.format);
    EXPECT_EQ(got->as, c.as);
  }
}

TEST(NegotiateTest, NothingServableIs406) {
  EXPECT_FALSE(Negotiate("application/xml", Endpoint::kObjects, false).has_value());
  EXPECT_EQ(NoFormAccepted(/*stream=*/false).code, 406);
}

TEST(NegotiateTest, TablesAreForStoredKindsOnly) {
  EXPECT_FALSE(Negotiate("application/json;as=Table;v=v1;g=meta.k8s.io", Endpoint::kPlain, false).has_value());
}

TEST(NegotiateTest, BrowsersAndCurlGetIndentation) {
  EXPECT_TRUE(WantsPretty(std::nullopt, "curl/8.0"));
  EXPECT_FALSE(WantsPretty("false", "curl/8.0"));
  EXPECT_TRUE(WantsPretty("1", "kubectl"));
  EXPECT_FALSE(WantsPretty(std::nullopt, "kubectl"));
}

}  // namespace
}  // namespace apiserver::http
