#include "apiserver/aggregation/api_service.h"

#include <gtest/gtest.h>

#include "apimachinery/json.h"

namespace apiserver::aggregation {
namespace {

using apimachinery::Value;

Value Json(absl::string_view text) { return *apimachinery::ParseJson(text); }
const ServiceReference kReference{"kube-system", "ext", 443};

struct Case {
  absl::string_view service, want;
};

TEST(ServiceAddressTest, IsOfTheServiceOrSaysWhyThereIsNone) {
  const Case cases[] = {
      {R"({"spec":{"type":"ClusterIP","clusterIP":"10.0.0.7","ports":[{"port":443}]}})", "10.0.0.7:443"},
      {R"({"spec":{"type":"NodePort","clusterIP":"fd00::7","ports":[{"port":443}]}})", "[fd00::7]:443"},
      {R"({"spec":{"type":"ExternalName","externalName":"ext.example.com"}})", "ext.example.com:443"},
      {R"({"spec":{"type":"ClusterIP","clusterIP":"None","ports":[{"port":443}]}})", R"(cannot route to service with ClusterIP "None")"},
      {R"({"spec":{"type":"ClusterIP","clusterIP":"10.0.0.7","ports":[{"port":80}]}})", R"(no service port 443 found for service "ext")"},
  };
  for (const Case& c : cases) {
    const Value service = Json(c.service);
    const absl::StatusOr<Endpoint> got = ServiceAddress(kReference, &service);
    EXPECT_EQ(got.ok() ? got->text() : std::string(got.status().message()), c.want);
  }
  EXPECT_EQ(ServiceAddress(kReference, nullptr).status().message(), "service \"ext\" not found");
}

TEST(ServiceEndpointTest, IsReadyAndHasThePort) {
  const Value service = Json(R"({"spec":{"type":"ClusterIP","ipFamilies":["IPv4"],"ports":[{"name":"https","port":443}]}})");
  const auto slice = [](absl::string_view text) { return std::make_shared<const Value>(Json(text)); };
  const pipeline::ObjectPtr slices[] = {
      slice(R"({"addressType":"IPv6","endpoints":[{"addresses":["fd00::1"]}],"ports":[{"name":"https","port":8443}]})"),
      slice(R"({"addressType":"IPv4","endpoints":[{"addresses":["10.1.0.1"],"conditions":{"ready":false}},{"addresses":["10.1.0.2"]}],
                "ports":[{"name":"other","port":1},{"name":"https","port":8443}]})")};
  for (uint64_t random = 0; random < 4; ++random) {
    const absl::StatusOr<Endpoint> got = ServiceEndpoint(kReference, &service, slices, random);
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(got->text(), "10.1.0.2:8443");
  }
  EXPECT_EQ(ServiceEndpoint(kReference, &service, {}, 0).status().message(), "no endpoints available for service \"ext\"");
  const Value outside = Json(R"({"spec":{"type":"ExternalName","externalName":"x"}})");
  EXPECT_EQ(ServiceEndpoint(kReference, &outside, {}, 0).status().message(), "unsupported service type \"ExternalName\"");
}

TEST(ParseApiServiceTest, TakesWhatTheProxyNeeds) {
  const ApiService s = ParseApiService(Json(R"({"metadata":{"name":"v1.example.com"},"spec":{"group":"example.com","version":"v1",
      "groupPriorityMinimum":100,"versionPriority":7,"caBundle":"cGVt","service":{"namespace":"n","name":"s"}},
      "status":{"conditions":[{"type":"Available","status":"True"}]}})"));
  EXPECT_EQ(s.path(), "/apis/example.com/v1");
  EXPECT_EQ(s.server_name(), "s.n.svc");
  EXPECT_EQ(s.ca_pem, "pem");
  EXPECT_EQ(s.service->port, 443);
  EXPECT_EQ(s.priority.version, 7);
  EXPECT_TRUE(s.available);
}

}  // namespace
}  // namespace apiserver::aggregation
