#include <gtest/gtest.h>

#include "controller-manager/clusterrole/role_aggregation.h"
#include "controller-manager/framework/discovery.h"
#include "controller-manager/namespace/namespace_controller.h"
#include "k8s/core/v1/namespace.pb.h"
#include "unit/controller-manager/builders.h"

namespace controller_manager {
namespace {

using k8s::core::v1::Namespace;

std::string Shown(const Namespace& ns, const std::string& type) {
  for (const auto& c : ns.status().conditions()) {
    if (c.type() == type) return c.status() + " " + c.reason() + ": " + c.message();
  }
  return "";
}

TEST(DeletionConditionsTest, SayWhatIsLeft) {
  Namespace ns;
  NamespaceContent content;
  content.remaining = {{"pods.", 2}};
  content.finalizers = {{"example.com/hold", 1}};
  EXPECT_TRUE(SetDeletionConditions(content, kNow, ns));
  EXPECT_EQ(Shown(ns, "NamespaceContentRemaining"),
            "True SomeResourcesRemain: Some resources are remaining: pods. has 2 resource instances");
  EXPECT_EQ(Shown(ns, "NamespaceFinalizersRemaining"),
            "True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 "
            "resource instances");
  EXPECT_EQ(Shown(ns, "NamespaceDeletionDiscoveryFailure"),
            "False ResourcesDiscovered: All resources successfully discovered");
  EXPECT_FALSE(SetDeletionConditions(content, kNow + absl::Seconds(5), ns));
  EXPECT_TRUE(SetDeletionConditions({}, kNow + absl::Seconds(5), ns));
  EXPECT_EQ(Shown(ns, "NamespaceContentRemaining"), "False ContentRemoved: All content successfully removed");
  EXPECT_EQ(ns.status().conditions_size(), 5);
}

TEST(DiscoveryTest, ReadsAggregatedGroupsPreferredVersionFirst) {
  Discovery found;
  ASSERT_TRUE(ReadGroups(R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"autoscaling"},"versions":[
      {"version":"v2","resources":[{"resource":"horizontalpodautoscalers","scope":"Namespaced",
        "responseKind":{"kind":"HorizontalPodAutoscaler"},"verbs":["list","watch","delete"]}]},
      {"version":"v1","resources":[{"resource":"horizontalpodautoscalers","scope":"Namespaced",
        "responseKind":{"kind":"HorizontalPodAutoscaler"},"verbs":["list"]}]}]},
      {"metadata":{"name":"down.example.com"},"versions":[{"version":"v1","freshness":"Stale"}]}]})",
                         found)
                  .ok());
  ASSERT_EQ(found.resources.size(), 1u);
  EXPECT_EQ(found.resources[0].version, "v2");
  EXPECT_TRUE(found.resources[0].Can("watch"));
  EXPECT_FALSE(found.resources[0].Can("create"));
  EXPECT_EQ(found.failed, std::vector<std::string>{"down.example.com"});
}

std::shared_ptr<const ClusterRole> Role(const std::string& name, const std::string& label,
                                        const std::vector<std::string>& verbs) {
  ClusterRole role;
  role.mutable_metadata()->set_name(name);
  if (!label.empty()) (*role.mutable_metadata()->mutable_labels())[label] = "true";
  for (const std::string& verb : verbs) role.add_rules()->add_verbs(verb);
  return std::make_shared<const ClusterRole>(role);
}

TEST(AggregateRulesTest, SumsSelectedRolesByNameEachRuleOnce) {
  ClusterRole admin = *Role("admin", "to-admin", {});
  (*admin.mutable_aggregationrule()->add_clusterroleselectors()->mutable_matchlabels())["to-admin"] = "true";
  const auto rules = AggregateRules(
      admin, {Role("b", "to-admin", {"list", "get"}), Role("a", "to-admin", {"get"}), Role("c", "", {"delete"})});
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0].verbs(0), "get");
  EXPECT_EQ(rules[1].verbs(0), "list");
}

}  // namespace
}  // namespace controller_manager
