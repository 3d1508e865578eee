#include "kube-proxy/rules/nft_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kube_proxy::rules {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const NodeView kNode = {.node_port_ips = {"192.0.2.1"}, .cluster_cidr = "10.244.0.0/16"};

RuleSet Services(std::vector<std::string> ips) {
  ServicePort s;
  s.name = "default/web:http";
  s.cluster_ip = "10.96.0.10";
  s.port = 80;
  for (const std::string& ip : ips) {
    Endpoint e;
    e.ip = ip;
    e.port = 8080;
    e.ready = true;
    s.endpoints.push_back(e);
  }
  return BuildRuleSet({{s.name, s}}, kNode);
}

TEST(NftScriptTest, NothingToDoWhenNothingChanged) {
  EXPECT_EQ(DiffScript(Services({"10.244.1.2"}), Services({"10.244.1.2"}), kNode), "");
}

TEST(NftScriptTest, NewEndpointLeavesTheOldEndpointsChainAlone) {
  const std::string script = DiffScript(Services({"10.244.1.2"}), Services({"10.244.1.2", "10.244.2.2"}), kNode);
  EXPECT_THAT(script, HasSubstr("dnat to 10.244.2.2:8080"));
  EXPECT_THAT(script, Not(HasSubstr("dnat to 10.244.1.2:8080")));
  EXPECT_THAT(script, HasSubstr("numgen random mod 2"));
}

TEST(NftScriptTest, ChainsGoOnlyAfterNothingNamesThem) {
  const std::string script = DiffScript(Services({"10.244.1.2"}), Services({}), kNode);
  const size_t element = script.find("delete element ip kube-proxy service-ips");
  const size_t chain = script.find("delete chain");
  ASSERT_NE(element, std::string::npos);
  ASSERT_NE(chain, std::string::npos);
  EXPECT_LT(element, chain);
  EXPECT_THAT(script, HasSubstr("add element ip kube-proxy no-endpoint-services { 10.96.0.10 . tcp . 80 : goto reject-chain }"));
}

TEST(NftScriptTest, FullScriptReplacesWhateverWasThere) {
  const std::string script = FullScript(Services({"10.244.1.2"}), kNode);
  EXPECT_THAT(script, ::testing::StartsWith("add table ip kube-proxy\ndelete table ip kube-proxy\nadd table ip kube-proxy\n"));
}

}  // namespace
}  // namespace kube_proxy::rules
