// Service addresses, node ports and endpoints: the pure halves.
#include "apimachinery/json.h"
#include "apiserver/registry/address_range.h"
#include "apiserver/registry/endpoint_leases.h"
#include "apiserver/registry/port_map.h"
#include "apiserver/registry/service_fields.h"
#include "apiserver/registry/service_repair.h"
#include "gtest/gtest.h"

namespace apiserver::registry {
namespace {

using apimachinery::Value;

Value Json(const char* text) { return *apimachinery::ParseJson(text); }

TEST(PortMap, RemembersWhatItIsToldInUpstreamsForm) {
  PortMap map(30000, 32767);
  for (const int port : {30000, 30007, 30008, 32767}) map.Set(port, true);
  map.Set(29999, true);  // outside: nothing
  const PortMap again = PortMap::Decode(30000, 32767, map.Encode());
  EXPECT_EQ(again.Taken(), (std::set<int>{30000, 30007, 30008, 32767}));
  EXPECT_EQ(again.FirstFree(30007), 30009);
  EXPECT_EQ(again.FirstFree(32767), 30001);  // goes around
  EXPECT_TRUE(PortMap::Decode(30000, 32767, "nonsense").Taken().empty());
}

TEST(PortMap, SaysWhenAllAreTaken) {
  PortMap map(30000, 30002);
  for (int port = 30000; port <= 30002; ++port) map.Set(port, true);
  EXPECT_EQ(map.FirstFree(30000), 0);
}

TEST(PlanPortRepair, ReleasesAPortOnlyWhenSeveralLooksFindItLeaked) {
  std::map<int, int> leaks;
  for (int look = 1; look < kLooksBeforeRelease; ++look) {
    EXPECT_TRUE(PlanPortRepair({1, 2}, {1}, leaks).release.empty()) << look;
  }
  EXPECT_EQ(PlanPortRepair({1, 2}, {1}, leaks).release, std::set<int>{2});
  EXPECT_TRUE(leaks.empty());
}

TEST(PlanPortRepair, ForgetsALeakThatFoundItsServiceAndTakesWhatIsUsed) {
  std::map<int, int> leaks;
  PlanPortRepair({1, 2}, {1}, leaks);
  const PortRepair plan = PlanPortRepair({1, 2}, {1, 2, 3}, leaks);
  EXPECT_EQ(plan.take, std::set<int>{3});
  EXPECT_TRUE(leaks.empty());
}

TEST(KeepAllocated, KeepsAndDropsByType) {
  struct Case {
    const char* name;
    const char* old;
    const char* wanted;
    const char* want;
  };
  const Case cases[] = {
      {"an address that is not spoken of", R"({"type":"ClusterIP","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"]})",
       R"({"type":"ClusterIP"})", R"({"type":"ClusterIP","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"]})"},
      {"a node port by the name of its port", R"({"type":"NodePort","clusterIP":"a","ports":[{"name":"p","nodePort":30001}]})",
       R"({"type":"NodePort","clusterIP":"a","ports":[{"name":"p"},{"name":"q"}]})",
       R"({"type":"NodePort","clusterIP":"a","ports":[{"name":"p","nodePort":30001},{"name":"q"}]})"},
      {"back to a cluster address", R"({"type":"NodePort","clusterIP":"a","externalTrafficPolicy":"Cluster","ports":[{"nodePort":30001}]})",
       R"({"type":"ClusterIP","clusterIP":"a","externalTrafficPolicy":"Cluster","ports":[{"nodePort":30001}]})",
       R"({"type":"ClusterIP","clusterIP":"a","ports":[{}]})"},
      {"to a name outside", R"({"type":"ClusterIP","clusterIP":"a","clusterIPs":["a"]})",
       R"({"type":"ExternalName","externalName":"x","clusterIP":"a","clusterIPs":["a"]})",
       R"({"type":"ExternalName","externalName":"x"})"},
      {"a load balancer that wants no new node ports", R"({"type":"LoadBalancer","clusterIP":"a","ports":[{"nodePort":30001}]})",
       R"({"type":"LoadBalancer","clusterIP":"a","allocateLoadBalancerNodePorts":false,"ports":[{"nodePort":30001}]})",
       R"({"type":"LoadBalancer","clusterIP":"a","allocateLoadBalancerNodePorts":false,"ports":[{"nodePort":30001}]})"},
      {"a node port that two protocols share", R"({"type":"NodePort","clusterIP":"a","ports":[{"name":"p","nodePort":30001},{"name":"q","nodePort":30001}]})",
       R"({"type":"NodePort","clusterIP":"a","ports":[{"name":"p"},{"name":"q"}]})",
       R"({"type":"NodePort","clusterIP":"a","ports":[{"name":"p","nodePort":30001},{"name":"q","nodePort":30001}]})"},
      {"back to a cluster address with fewer ports", R"({"type":"NodePort","clusterIP":"a","ports":[{"nodePort":30001},{"nodePort":30002}]})",
       R"({"type":"ClusterIP","clusterIP":"a","ports":[{"nodePort":30002}]})", R"({"type":"ClusterIP","clusterIP":"a","ports":[{}]})"},
      {"a new first address", R"({"type":"ClusterIP","clusterIP":"a","clusterIPs":["a"]})",
       R"({"type":"ClusterIP","clusterIP":"b","clusterIPs":["a"]})", R"({"type":"ClusterIP","clusterIP":"b","clusterIPs":["b"]})"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Value service = Value::MakeObject(), old = Value::MakeObject();
    service.Set("spec", Json(c.wanted));
    old.Set("spec", Json(c.old));
    KeepAllocated(service, old);
    DropForType(service, old);
    EXPECT_EQ(*service.Find("spec"), Json(c.want)) << apimachinery::WriteJson(service);
  }
}

TEST(DropHidden, ANameOutsideHasNoInternalPolicy) {
  Value outside = Json(R"({"spec":{"type":"ExternalName","internalTrafficPolicy":"Local"}})");
  Value inside = Json(R"({"spec":{"type":"ClusterIP","internalTrafficPolicy":"Local"}})");
  DropHidden(outside);
  DropHidden(inside);
  EXPECT_EQ(outside, Json(R"({"spec":{"type":"ExternalName"}})"));
  EXPECT_TRUE(inside["spec"].Has("internalTrafficPolicy"));
}

TEST(AddressRange, LeavesOutTheFirstAndTheLast) {
  const AddressRange range = AddressRange::Parse("192.168.77.0/24");
  EXPECT_EQ(range.count(), 254u);
  EXPECT_FALSE(range.Has(*ParseAddress("192.168.77.0")));
  EXPECT_TRUE(range.Has(*ParseAddress("192.168.77.1")));
  EXPECT_FALSE(range.Has(*ParseAddress("192.168.77.255")));
  for (const char* none : {"fd00::/112", "192.168.77.0", "x/24", "192.168.77.0/33", "192.168.77.0/31"}) {
    EXPECT_EQ(AddressRange::Parse(none).count(), 0u) << none;
  }
}

TEST(UsableRanges, AreThoseOfReadyObjectsTheFlagsFirst) {
  const AddressRange flag = AddressRange::Parse("10.96.0.0/12");
  const auto object = [](const char* json) { return std::make_shared<const Value>(Json(json)); };
  EXPECT_EQ(UsableRanges(flag, {}).size(), 1u);  // none is stored yet
  const pipeline::ObjectPtr objects[] = {
      object(R"({"spec":{"cidrs":["192.168.77.0/24","fd00::/112"]}})"),
      object(R"({"spec":{"cidrs":["192.168.78.0/24"]},"status":{"conditions":[{"type":"Ready","status":"False"}]}})"),
      object(R"({"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"cidrs":["192.168.79.0/24"]}})"),
      object(R"({"spec":{"cidrs":["10.96.0.0/12"]},"status":{"conditions":[{"type":"Ready","status":"True"}]}})")};
  const std::vector<AddressRange> ranges = UsableRanges(flag, objects);
  ASSERT_EQ(ranges.size(), 2u);
  EXPECT_EQ(AddressText(ranges[0].network), "10.96.0.0");
  EXPECT_EQ(AddressText(ranges[1].network), "192.168.77.0");
}

TEST(SetEndpointAddresses, NamesExactlyTheLiving) {
  Value endpoints = Value::MakeObject(), slice = Value::MakeObject();
  EXPECT_TRUE(SetEndpointAddresses(endpoints, {"10.0.0.2", "10.0.0.1"}, 6443));
  EXPECT_EQ(endpoints, Json(R"({"subsets":[{"addresses":[{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}],
                                            "ports":[{"name":"https","port":6443,"protocol":"TCP"}]}]})"));
  EXPECT_FALSE(SetEndpointAddresses(endpoints, {"10.0.0.1", "10.0.0.2"}, 0));  // ports stay
  EXPECT_TRUE(SetEndpointAddresses(endpoints, {}, 0));
  EXPECT_FALSE(endpoints.Has("subsets"));
  EXPECT_TRUE(SetSliceAddresses(slice, {"10.0.0.1"}, 6443));
  EXPECT_FALSE(SetSliceAddresses(slice, {"10.0.0.1"}, 6443));
  EXPECT_TRUE(SetSliceAddresses(slice, {"10.0.0.1"}, 7443));
}

}  // namespace
}  // namespace apiserver::registry
