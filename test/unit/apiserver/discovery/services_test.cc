#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apiserver/discovery/discovery.h"
#include "gtest/gtest.h"

namespace apiserver::discovery {
namespace {

using apimachinery::Value;

std::string Groups(const Value& list, const char* member) {
  std::string text;
  for (const Value& group : list.GetArray(member)) {
    const std::string name = group.GetString("name", group.GetString("metadata.name"));
    if (name.find("example.com") == std::string::npos) continue;
    absl::StrAppend(&text, name, "[");
    for (const Value& version : group.GetArray("versions")) absl::StrAppend(&text, version.GetString("version"), " ");
    text += "] ";
  }
  return text;
}

Value Entry(absl::string_view version) {
  Value entry;
  entry["version"] = version;
  entry["freshness"] = "Stale";
  return entry;
}

// Names and priorities of test/integration/aggregation.py, whose answers are upstream's.
TEST(ServicesTest, GroupsAndVersionsStandInTheOrderOfTheirPriorities) {
  const std::vector<ListedVersion> services = {
      {"a.example.com", "v1", {100, 10}},       {"a.example.com", "v2beta1", {100, 10}}, {"a.example.com", "v0", {100, 20}},
      {"b.example.com", "v1", {2000, 10}},      {"c.example.com", "v1alpha1", {100, 10}}, {"c.example.com", "v9", {90, 10}}};
  std::vector<RemoteVersion> remote;
  for (const ListedVersion& s : services) remote.push_back({s.group, s.version, s.priority, Entry(s.version)});
  const Catalog catalog = WithServices(Builtin(), services, remote);
  const std::string want = "b.example.com[v1 ] a.example.com[v0 v1 v2beta1 ] c.example.com[v9 v1alpha1 ] ";
  EXPECT_EQ(Groups(ApiGroupList(catalog), "groups"), want);
  EXPECT_EQ(Groups(AggregatedDiscovery(catalog, /*core=*/false, "v2"), "items"), want);
}

TEST(ServicesTest, AnotherServerStandsInForAVersionOfOurs) {
  const Catalog catalog = WithServices(Builtin(), {{"apps", "v1", {17800, 15}}}, {{"apps", "v1", {17800, 15}, Entry("v1")}});
  const Value list = AggregatedDiscovery(catalog, false, "v2");
  for (const Value& group : list.GetArray("items")) {
    if (group.GetString("metadata.name") != "apps") continue;
    EXPECT_EQ(group.GetArray("versions").size(), 1u);
    EXPECT_EQ(group.GetArray("versions")[0].GetString("freshness"), "Stale");
  }
}

TEST(ServicesTest, PrioritiesOfOurOwnGroupsMayBeChanged) {
  const Catalog catalog = WithServices(Builtin(), {{"policy", "v1", {20000, 15}}}, {});
  EXPECT_EQ(ApiGroupList(catalog).GetArray("groups")[1].GetString("name"), "policy");  // apiregistration.k8s.io stays first
  EXPECT_EQ(ApiGroupList(Builtin()).GetArray("groups")[1].GetString("name"), "apps");
}

}  // namespace
}  // namespace apiserver::discovery
