#include "kube-proxy/rules/rule_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "packet_trace.h"

namespace kube_proxy::rules {
namespace {

using ::testing::UnorderedElementsAre;

Endpoint Ready(std::string ip, bool local = false) {
  Endpoint e;
  e.ip = std::move(ip);
  e.port = 8080;
  e.ready = e.serving = true;
  e.local = local;
  return e;
}
Endpoint Leaving(std::string ip, bool local = false) {
  Endpoint e = Ready(std::move(ip), local);
  e.ready = false;
  e.terminating = true;
  return e;
}

const NodeView kNode = {.node_port_ips = {"192.0.2.1"}, .cluster_cidr = "10.244.0.0/16", .zone = "a"};

ServicePort Web(std::vector<Endpoint> endpoints) {
  ServicePort s;
  s.name = "default/web:http";
  s.cluster_ip = "10.96.0.10";
  s.port = 80;
  s.node_port = 30080;
  s.endpoints = std::move(endpoints);
  return s;
}
RuleSet Build(ServicePort s) { return BuildRuleSet({{s.name, s}}, kNode); }

const Packet kPodToService = {"pod:10.244.1.9", {"10.96.0.10", Protocol::kTcp, 80}};
const Packet kOutsideToNodePort = {"198.51.100.7", {"192.0.2.1", Protocol::kTcp, 30080}, true};

TEST(RuleSetTest, ClusterIpReachesEveryReadyEndpointWithoutMasquerade) {
  const Outcome out = Trace(Build(Web({Ready("10.244.1.2"), Ready("10.244.2.2"), Leaving("10.244.3.2")})), kPodToService);
  EXPECT_THAT(out.endpoints, UnorderedElementsAre("10.244.1.2:8080", "10.244.2.2:8080"));
  EXPECT_FALSE(out.masqueraded);
}

TEST(RuleSetTest, ClientOutsideThePodRangeIsMasqueraded) {
  Packet packet = kPodToService;
  packet.source = "198.51.100.7";
  EXPECT_TRUE(Trace(Build(Web({Ready("10.244.1.2")})), packet).masqueraded);
}

TEST(RuleSetTest, EndpointThatCallsItselfIsMasqueraded) {
  Packet packet = kPodToService;
  packet.source = "pod:10.244.1.2";
  EXPECT_TRUE(Trace(Build(Web({Ready("10.244.1.2")})), packet).masqueraded);
}

TEST(RuleSetTest, NodePortReachesEndpointsAndMasquerades) {
  const Outcome out = Trace(Build(Web({Ready("10.244.1.2"), Ready("10.244.2.2")})), kOutsideToNodePort);
  EXPECT_EQ(out.endpoints.size(), 2u);
  EXPECT_TRUE(out.masqueraded);
}

TEST(RuleSetTest, ServiceWithoutEndpointsIsRefused) {
  const RuleSet set = Build(Web({}));
  EXPECT_TRUE(Trace(set, kPodToService).refused);
  EXPECT_TRUE(Trace(set, kOutsideToNodePort).refused);
}

TEST(RuleSetTest, UnknownPortOfAClusterIpIsRefused) {
  Packet packet = kPodToService;
  packet.to.port = 81;
  EXPECT_TRUE(Trace(Build(Web({Ready("10.244.1.2")})), packet).refused);
}

TEST(RuleSetTest, TerminatingEndpointsServeWhenNoneIsReady) {
  const Outcome out = Trace(Build(Web({Leaving("10.244.1.2")})), kPodToService);
  EXPECT_THAT(out.endpoints, UnorderedElementsAre("10.244.1.2:8080"));
}

TEST(RuleSetTest, ExternalPolicyLocalKeepsTheClientAddressAndStaysOnTheNode) {
  ServicePort s = Web({Ready("10.244.1.2", true), Ready("10.244.2.2")});
  s.external_local = true;
  const RuleSet set = Build(s);
  const Outcome outside = Trace(set, kOutsideToNodePort);
  EXPECT_THAT(outside.endpoints, UnorderedElementsAre("10.244.1.2:8080"));
  EXPECT_FALSE(outside.masqueraded);
  Packet pod = kOutsideToNodePort;
  pod.source = "pod:10.244.1.9";
  EXPECT_EQ(Trace(set, pod).endpoints.size(), 2u);
}

TEST(RuleSetTest, ExternalPolicyLocalWithoutLocalEndpointDrops) {
  ServicePort s = Web({Ready("10.244.2.2")});
  s.external_local = true;
  EXPECT_TRUE(Trace(Build(s), kOutsideToNodePort).dropped);
}

TEST(RuleSetTest, InternalPolicyLocalDropsWhenEndpointsAreElsewhere) {
  ServicePort s = Web({Ready("10.244.2.2")});
  s.internal_local = true;
  EXPECT_TRUE(Trace(Build(s), kPodToService).dropped);
}

TEST(RuleSetTest, ZoneHintsNarrowTheChoiceOnlyWhenComplete) {
  Endpoint near = Ready("10.244.1.2"), far = Ready("10.244.2.2");
  near.zone_hints = {"a"};
  far.zone_hints = {"b"};
  EXPECT_THAT(Trace(Build(Web({near, far})), kPodToService).endpoints, UnorderedElementsAre("10.244.1.2:8080"));
  far.zone_hints.clear();
  EXPECT_EQ(Trace(Build(Web({near, far})), kPodToService).endpoints.size(), 2u);
}

TEST(RuleSetTest, ChainNamesOfLongServicesFitAndDiffer) {
  ServicePort a = Web({Ready("10.244.1.2")});
  a.name = absl::StrCat(std::string(63, 'n'), "/", std::string(63, 's'), ":p1");
  ServicePort b = a;
  b.name.back() = '2';
  b.port = 81;
  const RuleSet set = BuildRuleSet({{a.name, a}, {b.name, b}}, kNode);
  EXPECT_EQ(set.spread_chains.size(), 2u);
  for (const auto& [name, chain] : set.spread_chains) EXPECT_LE(name.size(), 127u);
}

}  // namespace
}  // namespace kube_proxy::rules
