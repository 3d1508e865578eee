#include "apiserver/discovery/discovery.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apimachinery/json.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace apiserver::discovery {
namespace {

using ::testing::ElementsAre;
using ::testing::StrEq;

// A body recorded from upstream's API server.
std::string Golden(const std::string& name) {
  std::ifstream in(std::string(SKIFF_SOURCE_DIR) + "/test/golden/discovery/" + name);
  std::ostringstream text;
  text << in.rdbuf();
  return std::string(absl::StripTrailingAsciiWhitespace(text.str()));
}

std::string Text(const apimachinery::Value& body) { return apimachinery::WriteJson(body); }

TEST(DiscoveryTest, PlainFormsAreUpstreamsByteForByte) {
  EXPECT_THAT(Text(ApiGroupList(Builtin())), StrEq(Golden("apis.json")));
  EXPECT_THAT(Text(ApiGroup(Builtin(), "apps").value()), StrEq(Golden("apis_apps.json")));
  EXPECT_THAT(Text(ApiResourceList(Builtin(), "", "v1").value()), StrEq(Golden("api_v1.json")));
}

TEST(DiscoveryTest, EveryGroupVersionListsUpstreamsResources) {
  const std::string golden = Golden("resource_lists.jsonl");
  int lists = 0;
  for (const absl::string_view line : absl::StrSplit(golden, '\n')) {
    const apimachinery::Value wanted = apimachinery::ParseJson(line).value();
    const std::vector<std::string> parts = absl::StrSplit(wanted.GetString("groupVersion"), '/');
    EXPECT_THAT(Text(ApiResourceList(Builtin(), parts[0], parts[1]).value()), StrEq(std::string(line)));
    ++lists;
  }
  EXPECT_EQ(lists + 1, static_cast<int>(Builtin().versions.size()));
}

TEST(DiscoveryTest, AggregatedFormIsUpstreamsByteForByte) {
  EXPECT_THAT(Text(AggregatedDiscovery(Builtin(), true, "v2")), StrEq(Golden("aggregated_api.json")));
  EXPECT_THAT(Text(AggregatedDiscovery(Builtin(), false, "v2")), StrEq(Golden("aggregated_apis.json")));
}

TEST(DiscoveryTest, RootAndVersion) {
  EXPECT_THAT(Text(RootPaths(Builtin())), StrEq(Golden("root.json")));
  EXPECT_THAT(Text(Version()), StrEq(Golden("version.json")));
}

TEST(DiscoveryTest, UnknownGroupsHaveNoBody) {
  EXPECT_FALSE(ApiGroup(Builtin(), "nonsense").has_value());
  EXPECT_FALSE(ApiGroup(Builtin(), "").has_value());
  EXPECT_FALSE(ApiResourceList(Builtin(), "apps", "v9").has_value());
}

TEST(DiscoveryTest, CustomGroupsStandBesideBuiltInOnes) {
  Catalog catalog = Builtin();
  Resource widgets;
  widgets.plural = "widgets";
  widgets.singular = "widget";
  widgets.namespaced = true;
  widgets.kind.kind = "Widget";
  widgets.verbs = {"get", "list"};
  catalog.versions.push_back({"example.com", "v1", {widgets}});
  EXPECT_THAT(Text(ApiResourceList(catalog, "example.com", "v1").value()),
              StrEq(R"({"kind":"APIResourceList","apiVersion":"v1","groupVersion":"example.com/v1","resources":[)"
                    R"({"name":"widgets","singularName":"widget","namespaced":true,"kind":"Widget",)"
                    R"("verbs":["get","list"]}]})"));
}

TEST(DiscoveryTest, AcceptDecidesTheForm) {
  const std::string v2 = AggregatedContentType("v2");
  EXPECT_EQ(AggregatedVersion(v2 + ",application/json"), "v2");
  EXPECT_EQ(AggregatedVersion("application/json," + v2), "");
  EXPECT_EQ(AggregatedVersion("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"), "");
  EXPECT_EQ(AggregatedVersion(""), "");
}

TEST(DiscoveryTest, StorageVersionHash) {
  EXPECT_EQ(StorageVersionHash("", "v1", "Pod"), "xPOwRZ+Yhw8=");
  EXPECT_THAT(SubresourceVerbs("pods", "log"), ElementsAre("get"));
}

}  // namespace
}  // namespace apiserver::discovery
