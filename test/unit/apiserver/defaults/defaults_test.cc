#include "apiserver/defaults/defaults.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apiserver/defaults/autoscaler_versions.h"
#include "apiserver/defaults/image_name.h"
#include "gtest/gtest.h"

namespace apiserver::defaults {
namespace {

using apimachinery::Array;
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

// What upstream 1.35 answers to a GET of the v2 autoscaler in version 1, and of that one in version 2 again.
TEST(Defaults, AutoscalersKeepInAnnotationsWhatVersionOneHasNoFieldFor) {
  Value scaler = apimachinery::ParseJson(R"({"spec":{"maxReplicas":5,"metrics":[
      {"type":"Pods","pods":{"metric":{"name":"a<b"},"target":{"type":"AverageValue","averageValue":"1k"}}},
      {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},
      {"type":"Object","object":{"describedObject":{"kind":"Svc","name":"s"},"target":{"type":"Value","value":"2"},
        "metric":{"name":"o","selector":{"matchLabels":{"x":"y"}}}}},
      {"type":"External","external":{"metric":{"name":"e"},"target":{"type":"AverageValue","averageValue":"3"}}},
      {"type":"ContainerResource","containerResource":{"name":"memory","container":"c",
        "target":{"type":"AverageValue","averageValue":"3Mi"}}},
      {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":60}}}],
      "behavior":{"scaleUp":{"selectPolicy":"Max","policies":[{"type":"Pods","value":4,"periodSeconds":15}]}}},
      "status":{"conditions":[{"type":"AbleToScale","status":"True"}],"currentMetrics":[
        {"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":7}}},
        {"type":"Pods","pods":{"metric":{"name":"a"},"current":{"averageValue":"5"}}}]}})").value();
  AutoscalerToV1(scaler);
  const Value* annotations = scaler.At("metadata.annotations");
  ASSERT_NE(annotations, nullptr);
  const auto annotation = [&](absl::string_view name) {
    const Value* text = annotations->Find(absl::StrCat("autoscaling.alpha.kubernetes.io/", name));
    return text == nullptr ? std::string() : std::string(text->as_string());
  };
  EXPECT_EQ(annotation("metrics"),
            R"([{"type":"Pods","pods":{"metricName":"a\u003cb","targetAverageValue":"1k"}},)"
            R"({"type":"Object","object":{"target":{"kind":"Svc","name":"s"},"metricName":"o","targetValue":"2",)"
            R"("selector":{"matchLabels":{"x":"y"}}}},)"
            R"({"type":"External","external":{"metricName":"e","targetAverageValue":"3"}},)"
            R"({"type":"ContainerResource","containerResource":{"name":"memory","targetAverageValue":"3Mi",)"
            R"("container":"c"}}])");
  EXPECT_EQ(annotation("current-metrics"),
            R"([{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":7,"currentAverageValue":"0"}},)"
            R"({"type":"Pods","pods":{"metricName":"a","currentAverageValue":"5"}}])");
  EXPECT_EQ(annotation("conditions"), R"([{"type":"AbleToScale","status":"True","lastTransitionTime":null}])");
  EXPECT_EQ(annotation("behavior"),
            R"({"ScaleUp":{"StabilizationWindowSeconds":null,"SelectPolicy":"Max",)"
            R"("Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":15}],"Tolerance":null},"ScaleDown":null})");
  EXPECT_EQ(scaler.GetInt("spec.targetCPUUtilizationPercentage"), 50);
  EXPECT_EQ(scaler.GetInt("status.currentCPUUtilizationPercentage"), 7);

  AutoscalerToV2(scaler);
  EXPECT_EQ(scaler.At("metadata.annotations"), nullptr);
  const Array metrics = scaler.GetArray("spec.metrics");
  ASSERT_EQ(metrics.size(), 5u);  // the second cpu is lost, the first comes last
  EXPECT_EQ(metrics[1].GetString("object.describedObject.kind"), "Svc");
  EXPECT_EQ(metrics[1].GetString("object.target.type"), "Value");
  EXPECT_EQ(metrics[3].GetString("containerResource.target.type"), "AverageValue");
  EXPECT_EQ(metrics[4].GetInt("resource.target.averageUtilization"), 50);
  EXPECT_EQ(scaler.GetArray("spec.behavior.scaleUp.policies")[0].GetInt("value"), 4);
  EXPECT_EQ(scaler.GetArray("status.currentMetrics")[0].GetString("resource.current.averageValue"), "0");
}

}  // namespace
}  // namespace apiserver::defaults
