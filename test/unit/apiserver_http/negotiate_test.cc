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
       As::kPartial},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.accept);
    const auto got = Negotiate(c.accept, "", "kubectl");
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->format, c.format);
    EXPECT_EQ(got->as, c.as);
  }
}

TEST(NegotiateTest, NothingServableIs406) {
  EXPECT_EQ(apimachinery::ApiStatus::From(Negotiate("application/xml", "", "").status()).code, 406);
}

TEST(NegotiateTest, BrowsersAndCurlGetIndentation) {
  EXPECT_TRUE(Negotiate("", "", "curl/8.0")->pretty);
  EXPECT_FALSE(Negotiate("", "false", "curl/8.0")->pretty);
  EXPECT_TRUE(Negotiate("", "1", "kubectl")->pretty);
}

}  // namespace
}  // namespace apiserver::http
