#include "kubectl/describe/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kubectl/cli/codec.h"

namespace kubectl {
namespace {

Value Json(absl::string_view text) {
  absl::StatusOr<Value> value = ParseJson(text);
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? *value : Value();
}

Cluster Empty() {
  return {
      [](const std::string&) -> absl::StatusOr<Value> { return absl::NotFoundError("not found"); },
      [](const std::string&) -> absl::StatusOr<std::vector<Value>> {
        return std::vector<Value>();
      }};
}

std::string Text(absl::string_view object, bool events = true) {
  const auto text = Describe(Json(object), Empty(), {events});
  return text.ok() ? *text : std::string(text.status().message());
}

TEST(DescribeTest, Pod) {
  EXPECT_EQ(
      Text(
          R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"ns","labels":{"b":"2","a":"1"}},
"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i","command":["sh","-c"],"ports":[{"containerPort":80,"protocol":"TCP"}],
"resources":{"limits":{"cpu":"1"}},"env":[{"name":"A","value":"x"}]}],"volumes":[{"name":"v","emptyDir":{}}],
"tolerations":[{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}]},
"status":{"phase":"Running","hostIP":"1.2.3.4","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}],"qosClass":"Burstable",
"conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"c","ready":true,"restartCount":2,"containerID":"x://1","imageID":"sha",
"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":1,"reason":"Error"}}}]}})"),
      R"(Name:         p
Namespace:    ns
Node:         n1/1.2.3.4
Labels:       a=1
              b=2
Annotations:  <none>
Status:       Running
IP:           10.0.0.1
IPs:
  IP:  10.0.0.1
Containers:
  c:
    Container ID:  x://1
    Image:         i
    Image ID:      sha
    Port:          80/TCP
    Host Port:     0/TCP
    Command:
      sh
      -c
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       Error
      Exit Code:    1
      Started:      Mon, 01 Jan 0001 00:00:00 +0000
      Finished:     Mon, 01 Jan 0001 00:00:00 +0000
    Ready:          True
    Restart Count:  2
    Limits:
      cpu:  1
    Environment:
      A:     x
    Mounts:  <none>
Conditions:
  Type    Status
  Ready   True )"
      "\n"
      R"(Volumes:
  v:
    Type:        EmptyDir (a temporary directory that shares a pod's lifetime)
    Medium:      )"
      "\n"
      R"(    SizeLimit:   <unset>
QoS Class:       Burstable
Node-Selectors:  <none>
Tolerations:     k:NoExecute op=Exists for 300s
Events:          <none>
)");
}

TEST(DescribeTest, LongAnnotationsGoBelowTheirKey) {
  const std::string text = Text(
      R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c","namespace":"ns","annotations":{"a":"x\ny",
"kubectl.kubernetes.io/last-applied-configuration":"{}"}},"data":{"k":"v"}})",
      false);
  EXPECT_EQ(text,
            "Name:         c\nNamespace:    ns\nLabels:       <none>\nAnnotations:  a:\n           "
            "     x\n                y\n\nData\n====\nk:\n----\nv\n\n\n"
            "BinaryData\n====\n\n");
}

TEST(DescribeTest, SecretsShowSizesOnly) {
  EXPECT_EQ(
      Text(
          R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"s","namespace":"ns"},"type":"Opaque","data":{"a":"AAEC"}})"),
      "Name:         s\nNamespace:    ns\nLabels:       <none>\nAnnotations:  <none>\n\nType:  "
      "Opaque\n\nData\n====\na:  3 bytes\n");
}

TEST(DescribeTest, RoleRulesAreBrokenDownAndSorted) {
  const auto rows =
      PolicyRows(Json(R"([{"apiGroups":[""],"resources":["pods","pods/log"],"verbs":["get","list"]},
{"apiGroups":["apps"],"resources":["deployments"],"resourceNames":["x"],"verbs":["*"]}])")
                     .array());
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].resource, "deployments.apps");
  EXPECT_EQ(rows[0].name, "x");
  EXPECT_EQ(rows[1].resource, "pods/log");
  EXPECT_THAT(rows[2].verbs, ::testing::ElementsAre("get", "list"));
}

TEST(DescribeTest, UnknownKindsShowEverything) {
  EXPECT_EQ(
      Text(
          R"({"kind":"Foo","apiVersion":"example.com/v1","metadata":{"name":"f","namespace":"ns","uid":"u"},"spec":{"maxSize":3,"items":["a"]}})",
          false),
      "Name:         f\nNamespace:    ns\nLabels:       <none>\nAnnotations:  <none>\nAPI Version: "
      " example.com/v1\nKind:         Foo\nMetadata:\n  UID:  u\n"
      "Spec:\n  Items:\n    a\n  Max Size:  3\n");
}

}  // namespace
}  // namespace kubectl
