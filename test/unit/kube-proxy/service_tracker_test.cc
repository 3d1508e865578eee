#include "kube-proxy/sync/service_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/core/v1/service.pb.h"
#include "k8s/discovery/v1/endpointslice.pb.h"

namespace kube_proxy::sync {
namespace {

using rules::Family;

k8s::core::v1::Service Web() {
  k8s::core::v1::Service s;
  s.mutable_metadata()->set_namespace_("default");
  s.mutable_metadata()->set_name("web");
  s.mutable_spec()->set_clusterip("10.96.0.10");
  s.mutable_spec()->add_clusterips("10.96.0.10");
  s.mutable_spec()->add_clusterips("fd00::10");
  auto* port = s.mutable_spec()->add_ports();
  port->set_name("http");
  port->set_protocol("TCP");
  port->set_port(80);
  return s;
}

k8s::discovery::v1::EndpointSlice Slice(const std::string& name, std::vector<std::string> ips, int port = 8080) {
  k8s::discovery::v1::EndpointSlice s;
  s.mutable_metadata()->set_namespace_("default");
  s.mutable_metadata()->set_name(name);
  (*s.mutable_metadata()->mutable_labels())["kubernetes.io/service-name"] = "web";
  s.set_addresstype("IPv4");
  auto* p = s.add_ports();
  p->set_name("http");
  p->set_protocol("TCP");
  p->set_port(port);
  for (const std::string& ip : ips) {
    auto* e = s.add_endpoints();
    e->add_addresses(ip);
    e->mutable_conditions()->set_ready(true);
    e->set_nodename(ip == "10.244.1.2" ? "node-1" : "node-2");
  }
  return s;
}

TEST(ServiceTrackerTest, JoinsAllSlicesOfAServiceOncePerEndpoint) {
  ServiceTracker tracker("node-1");
  EXPECT_TRUE(tracker.Apply(Web()));
  EXPECT_TRUE(tracker.Apply(Slice("web-a", {"10.244.1.2", "10.244.2.2"})));
  EXPECT_TRUE(tracker.Apply(Slice("web-b", {"10.244.2.2", "10.244.3.2"})));
  const rules::ServiceMap map = tracker.Build(Family::kIpv4);
  ASSERT_EQ(map.size(), 1u);
  const rules::ServicePort& port = map.at("default/web:http");
  EXPECT_EQ(port.cluster_ip, "10.96.0.10");
  ASSERT_EQ(port.endpoints.size(), 3u);
  EXPECT_TRUE(port.endpoints[0].local);
  EXPECT_FALSE(port.endpoints[1].local);
  EXPECT_EQ(port.endpoints[1].port, 8080);
}

TEST(ServiceTrackerTest, SaysWhetherAnythingChanged) {
  ServiceTracker tracker("node-1");
  tracker.Apply(Web());
  EXPECT_FALSE(tracker.Apply(Web()));
  tracker.Apply(Slice("web-a", {"10.244.1.2"}));
  EXPECT_FALSE(tracker.Apply(Slice("web-a", {"10.244.1.2"})));
  EXPECT_TRUE(tracker.RemoveSlice("default", "web-a"));
  EXPECT_FALSE(tracker.RemoveSlice("default", "web-a"));
}

TEST(ServiceTrackerTest, FamiliesStayApart) {
  ServiceTracker tracker("node-1");
  tracker.Apply(Web());
  tracker.Apply(Slice("web-a", {"10.244.1.2"}));
  const rules::ServiceMap six = tracker.Build(Family::kIpv6);
  EXPECT_EQ(six.at("default/web:http").cluster_ip, "fd00::10");
  EXPECT_TRUE(six.at("default/web:http").endpoints.empty());
}

TEST(ServiceTrackerTest, HeadlessAndForeignServicesAreNotProxied) {
  ServiceTracker tracker("node-1");
  k8s::core::v1::Service headless = Web();
  headless.mutable_spec()->set_clusterip("None");
  EXPECT_FALSE(tracker.Apply(headless));
  k8s::core::v1::Service foreign = Web();
  (*foreign.mutable_metadata()->mutable_labels())["service.kubernetes.io/service-proxy-name"] = "other";
  EXPECT_FALSE(tracker.Apply(foreign));
  EXPECT_TRUE(tracker.Build(Family::kIpv4).empty());
}

TEST(ServiceTrackerTest, ASliceThatChangesItsServiceLeavesTheOldOne) {
  ServiceTracker tracker("node-1");
  tracker.Apply(Web());
  tracker.Apply(Slice("web-a", {"10.244.1.2"}));
  auto moved = Slice("web-a", {"10.244.1.2"});
  (*moved.mutable_metadata()->mutable_labels())["kubernetes.io/service-name"] = "other";
  EXPECT_TRUE(tracker.Apply(moved));
  EXPECT_TRUE(tracker.Build(Family::kIpv4).at("default/web:http").endpoints.empty());
}

TEST(ServiceTrackerTest, UnsetReadinessCountsAsReady) {
  ServiceTracker tracker("node-1");
  tracker.Apply(Web());
  auto slice = Slice("web-a", {"10.244.1.2"});
  slice.mutable_endpoints(0)->clear_conditions();
  tracker.Apply(slice);
  EXPECT_TRUE(tracker.Build(Family::kIpv4).at("default/web:http").endpoints[0].ready);
}

}  // namespace
}  // namespace kube_proxy::sync
