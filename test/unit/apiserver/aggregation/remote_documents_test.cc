#include "apiserver/aggregation/remote_documents.h"

#include <gtest/gtest.h>

#include "apimachinery/json.h"
#include "apiserver/aggregation/location.h"

namespace apiserver::aggregation {
namespace {

using apimachinery::Value;

Value Json(absl::string_view text) { return *apimachinery::ParseJson(text); }
std::string Text(const Value& value) { return apimachinery::WriteJson(value); }

TEST(RemoteDiscoveryTest, AnEntryIsFoundAndItsKindsAreNeverAbsent) {
  const Value list = Json(R"({"items":[{"metadata":{"name":"other"},"versions":[{"version":"v1"}]},{"metadata":{"name":"g"},"versions":[
      {"version":"v1","resources":[{"resource":"things","scope":"Cluster","singularResource":"thing","verbs":["get"],
       "subresources":[{"subresource":"status","verbs":["get"]}]}],"freshness":"Stale"}]}]})");
  EXPECT_EQ(Text(EntryOfAggregated(list, "g", "v1")),
            R"({"version":"v1","resources":[{"resource":"things","responseKind":{"group":"","version":"","kind":""},"scope":"Cluster",)"
            R"("singularResource":"thing","verbs":["get"],"subresources":[{"subresource":"status","responseKind":{"group":"","version":"",)"
            R"("kind":""},"verbs":["get"]}]}],"freshness":"Current"})");
  EXPECT_EQ(Text(EntryOfAggregated(list, "g", "v2")), R"({"version":"v2","freshness":"Current"})");
  EXPECT_EQ(Text(EntryOfNobody("v1")), R"({"version":"v1","freshness":"Stale"})");
}

TEST(RemoteDiscoveryTest, OldListsKeepSubresourcesWithTheirResourceInAnyOrder) {
  const Value list = Json(R"({"resources":[{"name":"things/scale","namespaced":true,"group":"autoscaling","version":"v1","kind":"Scale","verbs":["get"]},
      {"name":"things","singularName":"thing","namespaced":true,"kind":"Thing","verbs":["list"],"shortNames":["th"]}]})");
  EXPECT_EQ(Text(EntryOfResources(list, "v1")),
            R"({"version":"v1","resources":[{"resource":"things","responseKind":{"group":"","version":"","kind":"Thing"},"scope":"Namespaced",)"
            R"("singularResource":"thing","verbs":["list"],"shortNames":["th"],"subresources":[{"subresource":"scale","responseKind":)"
            R"({"group":"autoscaling","version":"v1","kind":"Scale"},"verbs":["get"]}]}],"freshness":"Current"})");
}

TEST(RemoteDiscoveryTest, AggregatedDiscoveryIsKnownByItsType) {
  EXPECT_TRUE(IsAggregatedDiscovery("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"));
  EXPECT_TRUE(IsAggregatedDiscovery("application/json; g=apidiscovery.k8s.io; v=v2beta1; as=APIGroupDiscoveryList"));
  EXPECT_FALSE(IsAggregatedDiscovery("application/json"));
  EXPECT_FALSE(IsAggregatedDiscovery("application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList"));
}

TEST(RemoteDocumentTest, OnlyPathsBelowTheVersionAndWhatTheyNeedAreTaken) {
  const Value document = Json(R"({"paths":{"/apis/g/v1/a":{"get":{"$ref":"#/definitions/A"}},"/healthz":{"get":{"$ref":"#/definitions/H"}}},
      "definitions":{"A":{"properties":{"b":{"$ref":"#/definitions/B"}}},"B":{"items":{"$ref":"#/definitions/A"}},"H":{}}})");
  const Value filtered = FilterV2(document, "/apis/g/v1/");
  EXPECT_EQ(filtered.Find("paths")->size(), 1u);
  EXPECT_TRUE(filtered.Find("definitions")->Has("A"));
  EXPECT_TRUE(filtered.Find("definitions")->Has("B"));
  EXPECT_FALSE(filtered.Find("definitions")->Has("H"));
}

TEST(LocationTest, IsWrittenAsGoWritesIt) {
  EXPECT_EQ(EscapePath("/apis/g/v1/namespaces/n m/things/a/b:c@d$e&f+g,h;i=j!k*l"), "/apis/g/v1/namespaces/n%20m/things/a/b:c@d$e&f+g,h;i=j%21k%2Al");
  EXPECT_EQ(EncodeQuery({{"b", "2"}, {"a", "1"}, {"a", " x+y"}, {"empty", ""}}), "a=1&a=+x%2By&b=2&empty=");
  EXPECT_EQ(EscapeHeaderKey("acme.com/project%"), "acme.com%2Fproject%25");
}

}  // namespace
}  // namespace apiserver::aggregation
