#include "apiserver/defaults/defaults.h"

#include "apimachinery/json.h"
#include "apiserver/defaults/image_name.h"
#include "gtest/gtest.h"

namespace apiserver::defaults {
namespace {

using apimachinery::Value;

Value Complete(const char* api_version, const char* kind, const char* json) {
  Value object = *apimachinery::ParseJson(json);
  ApplyDefaults(*apimachinery::Schema::Builtin().FindKind(api_version, kind), object);
  return object;
}

TEST(ImageTag, FindsWhatDecidesThePullPolicy) {
  EXPECT_EQ(ImageTag("busybox"), "latest");
  EXPECT_EQ(ImageTag("busybox:1"), "1");
  EXPECT_EQ(ImageTag("registry:5000/a/b"), "latest");
  EXPECT_EQ(ImageTag("registry:5000/a/b:v2"), "v2");
}

TEST(Defaults, APodGetsWhatUpstreamStores) {
  const Value pod = Complete("v1", "Pod", R"({"spec":{"containers":[{"name":"a","image":"busybox:1",
      "readinessProbe":{"httpGet":{"port":80}},"resources":{"limits":{"cpu":"1"}}}]}})");
  EXPECT_EQ(pod.GetString("spec.restartPolicy"), "Always");
  EXPECT_EQ(pod.GetString("spec.dnsPolicy"), "ClusterFirst");
  EXPECT_EQ(pod.GetString("spec.schedulerName"), "default-scheduler");
  EXPECT_EQ(pod.GetInt("spec.terminationGracePeriodSeconds"), 30);
  const Value& container = pod.GetArray("spec.containers")[0];
  EXPECT_EQ(container.GetString("imagePullPolicy"), "IfNotPresent");
  EXPECT_EQ(container.GetString("terminationMessagePath"), "/dev/termination-log");
  EXPECT_EQ(container.GetString("readinessProbe.httpGet.path"), "/");
  EXPECT_EQ(container.GetInt("readinessProbe.periodSeconds"), 10);
  EXPECT_EQ(container.GetString("resources.requests.cpu"), "1");
}

TEST(Defaults, HostNetworkTakesTheContainersPorts) {
  const Value pod = Complete("v1", "Pod", R"({"spec":{"hostNetwork":true,"containers":[{"name":"a","image":"b",
      "ports":[{"containerPort":80}]}]}})");
  EXPECT_EQ(pod.GetArray("spec.containers")[0].GetArray("ports")[0].GetInt("hostPort"), 80);
  EXPECT_EQ(pod.GetArray("spec.containers")[0].GetString("imagePullPolicy"), "Always");
}

TEST(Defaults, AServicePortsTargetIsItself) {
  const Value service = Complete("v1", "Service", R"({"spec":{"ports":[{"port":80}]}})");
  EXPECT_EQ(service.GetString("spec.type"), "ClusterIP");
  EXPECT_EQ(service.GetString("spec.sessionAffinity"), "None");
  EXPECT_EQ(service.GetArray("spec.ports")[0].GetInt("targetPort"), 80);
  EXPECT_EQ(service.GetArray("spec.ports")[0].GetString("protocol"), "TCP");
}

TEST(Defaults, ADeploymentRollsByAQuarter) {
  const Value deployment = Complete("apps/v1", "Deployment", R"({"spec":{}})");
  EXPECT_EQ(deployment.GetInt("spec.replicas"), 1);
  EXPECT_EQ(deployment.GetString("spec.strategy.type"), "RollingUpdate");
  EXPECT_EQ(deployment.GetString("spec.strategy.rollingUpdate.maxSurge"), "25%");
  EXPECT_EQ(deployment.GetInt("spec.revisionHistoryLimit"), 10);
  EXPECT_EQ(deployment.GetInt("spec.progressDeadlineSeconds"), 600);
}

TEST(Defaults, MembersOfFeaturesThatAreOffAreDropped) {
  Value pod = Complete("v1", "Pod", R"({"spec":{"workloadRef":{"name":"w"},"containers":[{"name":"a",
      "image":"b","lifecycle":{"stopSignal":"SIGTERM"}}]}})");
  DropSwitchedOff(*apimachinery::Schema::Builtin().FindKind("v1", "Pod"), pod);
  EXPECT_EQ(pod.At("spec.workloadRef"), nullptr);
  EXPECT_EQ(pod.GetArray("spec.containers")[0].Find("lifecycle"), nullptr);
}

}  // namespace
}  // namespace apiserver::defaults
