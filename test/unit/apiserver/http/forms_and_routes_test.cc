#include "apiserver/http/negotiate.h"

#include <gtest/gtest.h>

#include "apiserver/http/routes.h"
#include "apiserver/pipeline/request_info.h"

namespace apiserver::http {
namespace {

TEST(NegotiateTest, TheBestClauseThatCanBeServedWins) {
  struct Case {
    absl::string_view accept;
    bool served;
    Format format;
    As as;
  };
  const Case cases[] = {
      {"", true, Format::kJson, As::kObject},
      {"*/*", true, Format::kJson, As::kObject},
      {"application/yaml;q=0.5,application/json;q=0.4", true, Format::kYaml, As::kObject},
      {"application/json;q=0.5,application/vnd.kubernetes.protobuf", true, Format::kProtobuf, As::kObject},
      {"text/html,*/*;q=0.1", true, Format::kJson, As::kObject},
      {"application/xml", false, Format::kJson, As::kObject},
      {"application/json;stream=bogus", false, Format::kJson, As::kObject},
      {"application/json;as=Table;g=meta.k8s.io;v=v1", true, Format::kJson, As::kTable},
      {"application/json;as=Table;g=meta.k8s.io;v=v1beta1", true, Format::kJson, As::kTable},
      {"application/json;as=Table;g=other;v=v1", false, Format::kJson, As::kTable},
      {"application/json;as=Table", false, Format::kJson, As::kTable},
      {"application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1", false, Format::kProtobuf, As::kTable},
      {"application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,application/json", true, Format::kJson, As::kObject},
      {"application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", true, Format::kProtobuf,
       As::kPartialList},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.accept));
    const std::optional<Negotiated> form = Negotiate(c.accept, Endpoint::kObjects, /*pretty=*/false);
    ASSERT_EQ(form.has_value(), c.served);
    if (!form) continue;
    EXPECT_EQ(form->format, c.format);
    EXPECT_EQ(form->as, c.as);
  }
}

TEST(NegotiateTest, ErrorsComeInPlainFormsAlone) {
  EXPECT_FALSE(Negotiate("application/json;as=Table;g=meta.k8s.io;v=v1", Endpoint::kPlain, false));
  EXPECT_TRUE(Negotiate("application/json;as=Table;g=meta.k8s.io;v=v1,application/yaml", Endpoint::kPlain, false));
}

TEST(NegotiateTest, AggregatedDiscoveryIsFoundAmongOthers) {
  const std::string asked = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  EXPECT_TRUE(NegotiateAggregated(asked, false));
  EXPECT_TRUE(NegotiateAggregated("application/json," + asked, false));
  EXPECT_FALSE(NegotiateAggregated("application/json", false));
  EXPECT_FALSE(NegotiateAggregated("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList", false));
}

TEST(AcceptTest, TheRouterKnowsWholeTypesOnly) {
  EXPECT_TRUE(RouterAccepts("", kObjectTypes));
  EXPECT_TRUE(RouterAccepts("text/html, application/yaml;q=0.1", kObjectTypes));
  EXPECT_FALSE(RouterAccepts("application/*", kObjectTypes));
  EXPECT_FALSE(RouterAccepts("APPLICATION/JSON", kObjectTypes));
}

TEST(AcceptTest, EncodingsAreReadTwoWays) {
  struct Case {
    absl::string_view header;
    bool named, wanted;
  };
  for (const Case& c : {Case{"gzip", true, true}, Case{"br, gzip", true, true}, Case{"gzip;q=0", false, false},
                        Case{"br, gzip;q=0.5", false, true}, Case{"GZIP", false, true}, Case{"*", false, false}}) {
    SCOPED_TRACE(std::string(c.header));
    EXPECT_EQ(NamesGzip(c.header), c.named);
    EXPECT_EQ(WantsGzip(c.header), c.wanted);
  }
}

TEST(RoutesTest, PathsAndMethods) {
  using Outcome = Route::Outcome;
  struct Case {
    absl::string_view method, path;
    Outcome outcome;
  };
  const Case cases[] = {
      {"GET", "/api/v1/namespaces/x/configmaps", Outcome::kServe},
      {"GET", "/api/v1/configmaps", Outcome::kServe},
      {"POST", "/api/v1/configmaps", Outcome::kMethodNotAllowed},
      {"GET", "/api/v1/configmaps/a", Outcome::kNoSuchPath},
      {"HEAD", "/api/v1/namespaces/x/configmaps/a", Outcome::kMethodNotAllowed},
      {"GET", "/api/v1/namespaces/x/nodes", Outcome::kNoSuchPath},
      {"DELETE", "/api/v1/namespaces", Outcome::kMethodNotAllowed},
      {"PUT", "/api/v1/namespaces/x/finalize", Outcome::kServe},
      {"GET", "/api/v1/namespaces/x/finalize", Outcome::kMethodNotAllowed},
      {"GET", "/api/v1/namespaces/x/pods/p/log", Outcome::kServe},
      {"GET", "/api/v1/namespaces/x/pods/p/log/more", Outcome::kNoSuchPath},
      {"PATCH", "/api/v1/nodes/n/proxy/metrics", Outcome::kServe},
      {"TRACE", "/api/v1/nodes/n/proxy", Outcome::kMethodNotAllowed},
      {"GET", "/api/v1/watch/namespaces/x/pods/p", Outcome::kServe},
      {"GET", "/apis/authorization.k8s.io/v1/subjectaccessreviews", Outcome::kMethodNotAllowed},
      {"GET", "/api/v1/namespaces/x/nonsense", Outcome::kNoSuchPath},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.method) + " " + std::string(c.path));
    EXPECT_EQ(FindRoute(pipeline::ParseRequestInfo(c.method, c.path, {}), c.method).outcome, c.outcome);
  }
}

}  // namespace
}  // namespace apiserver::http
