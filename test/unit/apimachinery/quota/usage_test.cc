#include "apimachinery/quota/usage.h"

#include "apimachinery/json.h"
#include "gtest/gtest.h"

namespace apimachinery::quota {
namespace {

const Counted kPods{"", "pods"}, kServices{"", "services"}, kClaims{"", "persistentvolumeclaims"};

Value Json(const char* text) { return *ParseJson(text); }

TEST(UsageOf, CountsWhatUpstreamCounts) {
  struct Case {
    const char* name;
    Counted what;
    const char* object;
    const char* want;
  };
  const Case cases[] = {
      {"a pod under all names", kPods,
       R"({"spec":{"containers":[{"resources":{"requests":{"cpu":"600m","memory":"1Gi","hugepages-2Mi":"2Mi","example.com/gpu":"1"},
           "limits":{"cpu":"1","memory":"2Gi","example.com/gpu":"1"}}}]}})",
       "count/pods=1,cpu=600m,hugepages-2Mi=2Mi,limits.cpu=1,limits.memory=2Gi,memory=1Gi,pods=1,requests.cpu=600m,"
       "requests.example.com/gpu=1,requests.hugepages-2Mi=2Mi,requests.memory=1Gi"},
      {"init containers overlap, sidecars add up, overhead comes on top", kPods,
       R"({"spec":{"overhead":{"cpu":"10m"},"containers":[{"resources":{"requests":{"cpu":"1"}}}],
           "initContainers":[{"restartPolicy":"Always","resources":{"requests":{"cpu":"500m"}}},
                             {"resources":{"requests":{"cpu":"2"}}}]}})",
       "count/pods=1,cpu=2510m,pods=1,requests.cpu=2510m"},
      {"a pod's own figures win", kPods,
       R"({"spec":{"resources":{"requests":{"cpu":"3"}},"containers":[{"resources":{"requests":{"cpu":"1"}}}]}})",
       "count/pods=1,cpu=3,pods=1,requests.cpu=3"},
      {"a pod that has ended is only an object", kPods, R"({"status":{"phase":"Succeeded"},"spec":{"containers":[{}]}})",
       "count/pods=1"},
      {"a pod past its grace period too", kPods,
       R"({"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z","deletionGracePeriodSeconds":30}})", "count/pods=1"},
      {"a node port for each port", kServices, R"({"spec":{"type":"NodePort","ports":[{},{}]}})",
       "count/services=1,services=1,services.loadbalancers=0,services.nodeports=2"},
      {"a load balancer that was told not to take ports", kServices,
       R"({"spec":{"type":"LoadBalancer","allocateLoadBalancerNodePorts":false,"ports":[{},{"nodePort":30000}]}})",
       "count/services=1,services=1,services.loadbalancers=1,services.nodeports=1"},
      {"a claim of a class", kClaims,
       R"({"spec":{"storageClassName":"gold","resources":{"requests":{"storage":"1Gi"}}}})",
       "count/persistentvolumeclaims=1,gold.storageclass.storage.k8s.io/persistentvolumeclaims=1,"
       "gold.storageclass.storage.k8s.io/requests.storage=1Gi,persistentvolumeclaims=1,requests.storage=1Gi"},
      {"devices by class, the worst of alternatives", {"resource.k8s.io", "resourceclaims"},
       R"({"spec":{"devices":{"requests":[{"exactly":{"deviceClassName":"gpu","count":2}},
           {"firstAvailable":[{"deviceClassName":"gpu"},{"deviceClassName":"nic","allocationMode":"All"}]}]}}})",
       "count/resourceclaims.resource.k8s.io=1,gpu.deviceclass.resource.k8s.io/devices=3,"
       "nic.deviceclass.resource.k8s.io/devices=32"},
      {"secrets have two names", {"", "secrets"}, "{}", "count/secrets=1,secrets=1"},
      {"others one", {"apps", "deployments"}, "{}", "count/deployments.apps=1"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(Print(UsageOf(c.what, Json(c.object), absl::FromUnixSeconds(1800000000))), c.want);
  }
}

TEST(InScopes, AskPodsAndClaimsOnly) {
  struct Case {
    const char* scope;
    const char* pod;
    bool in;
  };
  const Case cases[] = {
      {R"({"scopes":["Terminating"]})", R"({"activeDeadlineSeconds":5})", true},
      {R"({"scopes":["Terminating"]})", "{}", false},
      {R"({"scopes":["NotTerminating"]})", "{}", true},
      {R"({"scopes":["BestEffort"]})", R"({"containers":[{}]})", true},
      {R"({"scopes":["BestEffort"]})", R"({"containers":[{"resources":{"limits":{"memory":"1"}}}]})", false},
      {R"({"scopes":["BestEffort","Terminating"]})", R"({"containers":[{}]})", false},
      {R"({"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In","values":["a"]}]}})",
       R"({"priorityClassName":"a"})", true},
      {R"({"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"NotIn","values":["a"]}]}})", "{}", true},
      {R"({"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"DoesNotExist"}]}})",
       R"({"priorityClassName":"a"})", false},
      {R"({"scopes":["CrossNamespacePodAffinity"]})",
       R"({"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"namespaceSelector":{}}]}}})", true},
      {R"({"scopes":["CrossNamespacePodAffinity"]})", "{}", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.scope);
    Value quota = Value::MakeObject(), pod = Value::MakeObject();
    quota.Set("spec", Json(c.scope));
    pod.Set("spec", Json(c.pod));
    EXPECT_EQ(InScopes(quota, kPods, pod), c.in) << c.pod;
    EXPECT_FALSE(InScopes(quota, kServices, pod));
  }
}

TEST(MissingRequirements, NameEveryContainerThatDoesNotSay) {
  const Amounts names = {{"requests.cpu", {}}, {"limits.memory", {}}, {"pods", {}}};
  const Value pod = Json(R"({"spec":{"containers":[{"name":"b"},{"name":"a","resources":{"requests":{"cpu":"1"}}}],
                             "initContainers":[{"name":"z"}]}})");
  EXPECT_EQ(MissingRequirements(kPods, names, pod), "must specify limits.memory for: a,b,z; requests.cpu for: b,z");
  const Value whole = Json(R"({"spec":{"resources":{"requests":{"memory":"1"}},"containers":[{"name":"b"}]}})");
  EXPECT_EQ(MissingRequirements(kPods, names, whole), "");
  EXPECT_EQ(MissingRequirements(kServices, names, pod), "");
}

TEST(NamesUsedBy, LeavesOtherKindsAlone) {
  Amounts hard;
  for (const char* name : {"pods", "cpu", "limits.ephemeral-storage", "requests.example.com/gpu", "services", "count/pods",
                           "count/deployments.apps", "hugepages-1Gi", "requests.storage", "configmaps"}) {
    hard[name] = Quantity::FromInt(1);
  }
  EXPECT_EQ(Print(NamesUsedBy(kPods, hard)),
            "count/pods=1,cpu=1,hugepages-1Gi=1,limits.ephemeral-storage=1,pods=1,requests.example.com/gpu=1");
  EXPECT_EQ(Print(NamesUsedBy({"apps", "deployments"}, hard)), "count/deployments.apps=1");
  EXPECT_EQ(Print(NamesUsedBy(kClaims, hard)), "requests.storage=1");
}

}  // namespace
}  // namespace apimachinery::quota
