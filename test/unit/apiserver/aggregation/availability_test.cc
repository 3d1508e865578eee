#include "apiserver/aggregation/availability.h"

#include <gtest/gtest.h>

#include "apimachinery/json.h"
#include "apiserver/aggregation/local_services.h"

namespace apiserver::aggregation {
namespace {

using apimachinery::Value;

Value Json(absl::string_view text) { return *apimachinery::ParseJson(text); }

TEST(AvailabilityTest, LocalServicesAlwaysAre) {
  const std::optional<Availability> is = Judge(Json(R"({"spec":{"group":"apps","version":"v1"}})"), nullptr, {});
  ASSERT_TRUE(is.has_value());
  EXPECT_TRUE(is->available);
  EXPECT_EQ(is->reason, "Local");
}

TEST(AvailabilityTest, OthersSayWhatIsMissing) {
  const Value api = Json(R"({"spec":{"group":"g","version":"v1","service":{"namespace":"default","name":"w"}}})");
  EXPECT_EQ(Judge(api, nullptr, {})->message, "service/w in \"default\" is not present");
  const Value elsewhere = Json(R"({"spec":{"type":"ClusterIP","clusterIP":"10.0.0.1","ports":[{"port":80}]}})");
  EXPECT_EQ(Judge(api, &elsewhere, {})->message, "service/w in \"default\" is not listening on port 443");
  const Value there = Json(R"({"spec":{"type":"ClusterIP","clusterIP":"10.0.0.1","ports":[{"name":"https","port":443}]}})");
  EXPECT_EQ(Judge(api, &there, {})->message, "cannot find endpointslices for service/w in \"default\"");
  const auto slice = [](absl::string_view text) { return std::make_shared<const Value>(Json(text)); };
  const pipeline::ObjectPtr unready[] = {slice(R"({"endpoints":[{"conditions":{"ready":false}}],"ports":[{"name":"https","port":1}]})"),
                                         slice(R"({"endpoints":[{}],"ports":[{"name":"http","port":1}]})")};
  EXPECT_EQ(Judge(api, &there, unready)->message, "endpointslices for service/w in \"default\" have no addresses with port name \"https\"");
}

TEST(AvailabilityTest, WhereNothingIsMissingTheServerHasToBeAsked) {
  const Value api = Json(R"({"spec":{"group":"g","version":"v1","service":{"namespace":"default","name":"w"}}})");
  const Value there = Json(R"({"spec":{"type":"ClusterIP","clusterIP":"10.0.0.1","ports":[{"port":443}]}})");
  const pipeline::ObjectPtr ready[] = {std::make_shared<const Value>(Json(R"({"endpoints":[{}],"ports":[{"name":"","port":8443}]})"))};
  EXPECT_FALSE(Judge(api, &there, ready).has_value());
  const Value outside = Json(R"({"spec":{"type":"ExternalName","externalName":"example.com"}})");
  EXPECT_FALSE(Judge(api, &outside, {}).has_value());
}

TEST(AvailabilityTest, TheTimeOfTheConditionIsThatOfItsStatus) {
  Value api = Json(R"({"spec":{}})");
  const absl::Time then = absl::FromUnixSeconds(0), now = absl::FromUnixSeconds(60);
  EXPECT_TRUE(SetAvailable({false, "A", "a"}, then, api));
  EXPECT_FALSE(SetAvailable({false, "A", "a"}, now, api));
  EXPECT_TRUE(SetAvailable({false, "B", "b"}, now, api));
  EXPECT_EQ(api.GetArray("status.conditions")[0].GetString("lastTransitionTime"), "1970-01-01T00:00:00Z");
  EXPECT_TRUE(SetAvailable({true, "Local", "c"}, now, api));
  EXPECT_EQ(api.GetArray("status.conditions").size(), 1u);
  EXPECT_EQ(api.GetArray("status.conditions")[0].GetString("lastTransitionTime"), "1970-01-01T00:01:00Z");
}

TEST(LocalServicesTest, EveryGroupVersionHasOne) {
  const std::vector<Value> services = BuiltinServices();
  EXPECT_EQ(services.size(), 21u);
  EXPECT_EQ(services.front().GetString("metadata.name"), "v1.");
  EXPECT_EQ(CustomService("example.com", "v1").GetString("metadata.name"), "v1.example.com");
}

}  // namespace
}  // namespace apiserver::aggregation
