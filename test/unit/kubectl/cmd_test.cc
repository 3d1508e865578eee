#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kubectl/cli/codec.h"
#include "kubectl/cmd/apply.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/create_generators.h"
#include "kubectl/cmd/rollout_status.h"

namespace kubectl {
namespace {

Value Json(absl::string_view text) {
  absl::StatusOr<Value> value = ParseJson(text);
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? *value : Value();
}

// What the server holds after `original` was applied and `server` was added to it.
Value Applied(const std::string& original, const std::string& current) {
  Value object = Json(current);
  object.Ensure("metadata.annotations").Set(kLastApplied, WriteJson(Json(original)));
  return object;
}

TEST(ApplyTest, ListsMergeByKeyAndRemovedFieldsGo) {
  const std::string before =
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w","labels":{"a":"1","gone":"x"}},
"spec":{"replicas":2,"template":{"spec":{"containers":[{"name":"c","image":"i:1"},{"name":"old","image":"o"}]}}}})";
  const std::string live =
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w","labels":{"a":"1","gone":"x","other":"kept"}},
"spec":{"replicas":2,"template":{"spec":{"containers":[{"name":"c","image":"i:1","imagePullPolicy":"Always"},{"name":"old","image":"o"}]}}}})";
  Value modified = Json(
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w","labels":{"a":"1"}},
"spec":{"replicas":3,"template":{"spec":{"containers":[{"name":"c","image":"i:2"}]}}}})");
  SetLastApplied(&modified);
  const auto computed = ComputeApplyPatch(Applied(before, live), modified);
  ASSERT_TRUE(computed.ok()) << computed.status();
  EXPECT_TRUE(computed->strategic);
  Value patch = computed->patch;
  patch.EraseAt("metadata.annotations");
  EXPECT_EQ(
      WriteJsonSorted(patch),
      R"({"metadata":{"labels":{"gone":null}},"spec":{"replicas":3,"template":{"spec":{"$setElementOrder/containers":[{"name":"c"}],)"
      R"("containers":[{"image":"i:2","name":"c"},{"$patch":"delete","name":"old"}]}}}})");
}

TEST(ApplyTest, NothingToDoIsAnEmptyPatch) {
  const std::string text =
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","annotations":{}},"data":{"a":"b"}})";
  Value modified =
      Json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"b"}})");
  SetLastApplied(&modified);
  Value current = modified;
  current.Ensure("metadata").Set("uid", "u");
  const auto computed = ComputeApplyPatch(current, modified);
  ASSERT_TRUE(computed.ok()) << computed.status();
  EXPECT_TRUE(computed->patch.empty()) << WriteJson(computed->patch);
}

TEST(ApplyTest, UnknownKindsGetAMergePatch) {
  Value modified = Json(
      R"({"apiVersion":"example.com/v1","kind":"Foo","metadata":{"name":"f"},"spec":{"list":[2]}})");
  SetLastApplied(&modified);
  const auto computed = ComputeApplyPatch(
      Applied(
          R"({"apiVersion":"example.com/v1","kind":"Foo","metadata":{"name":"f"},"spec":{"list":[1],"x":1}})",
          R"({"apiVersion":"example.com/v1","kind":"Foo","metadata":{"name":"f"},"spec":{"list":[1],"x":1,"y":2}})"),
      modified);
  ASSERT_TRUE(computed.ok()) << computed.status();
  EXPECT_FALSE(computed->strategic);
  EXPECT_EQ(WriteJsonSorted(*computed->patch.Find("spec")), R"({"list":[2],"x":null})");
}

TEST(ApplyTest, LastAppliedTextIsSortedAndWithoutItself) {
  Value object = Json(R"({"kind":"A","apiVersion":"v1","metadata":{"name":"x"}})");
  SetLastApplied(&object);
  const std::string once = object.At("metadata.annotations")->Find(kLastApplied)->as_string();
  EXPECT_EQ(
      once,
      "{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"annotations\":{},\"name\":\"x\"}}\n");
  SetLastApplied(&object);
  EXPECT_EQ(object.At("metadata.annotations")->Find(kLastApplied)->as_string(), once);
}

TEST(GeneratorsTest, ContainerNameOfAnImage) {
  EXPECT_EQ(ImageBaseName("docker.io/a/nginx:1"), "nginx");
  EXPECT_EQ(ImageBaseName("host:5000/my_app@sha256:abc"), "my-app");
}

TEST(GeneratorsTest, TcpPorts) {
  EXPECT_EQ(WriteJson(*ParseTcpPort("80:8080")),
            R"({"name":"80-8080","protocol":"TCP","port":80,"targetPort":8080})");
  EXPECT_EQ(WriteJson(*ParseTcpPort("443")),
            R"({"name":"443","protocol":"TCP","port":443,"targetPort":443})");
  EXPECT_EQ(WriteJson(*ParseTcpPort("80:web")),
            R"({"name":"80-web","protocol":"TCP","port":80,"targetPort":"web"})");
  EXPECT_FALSE(ParseTcpPort("x").ok());
}

TEST(RolloutStatusTest, Deployment) {
  struct Case {
    std::string status, want;
    bool done;
  };
  const Case cases[] = {
      {R"({"observedGeneration":1})", "Waiting for deployment spec update to be observed...\n",
       false},
      {R"({"observedGeneration":2,"updatedReplicas":1})",
       "Waiting for deployment \"w\" rollout to finish: 1 out of 3 new replicas have been "
       "updated...\n",
       false},
      {R"({"observedGeneration":2,"updatedReplicas":3,"replicas":4})",
       "Waiting for deployment \"w\" rollout to finish: 1 old replicas are pending "
       "termination...\n",
       false},
      {R"({"observedGeneration":2,"updatedReplicas":3,"replicas":3,"availableReplicas":2})",
       "Waiting for deployment \"w\" rollout to finish: 2 of 3 updated replicas are available...\n",
       false},
      {R"({"observedGeneration":2,"updatedReplicas":3,"replicas":3,"availableReplicas":3})",
       "deployment \"w\" successfully rolled out\n", true},
  };
  for (const Case& c : cases) {
    Value object = Json(R"({"metadata":{"name":"w","generation":2},"spec":{"replicas":3}})");
    object.Set("status", Json(c.status));
    const auto state = RolloutStatus("Deployment", object, 0);
    ASSERT_TRUE(state.ok());
    EXPECT_EQ(state->message, c.want);
    EXPECT_EQ(state->done, c.done);
  }
}

TEST(RolloutStatusTest, Failures) {
  const Value object = Json(
      R"({"metadata":{"name":"w"},"status":{"conditions":[{"type":"Progressing","reason":"ProgressDeadlineExceeded"}]}})");
  EXPECT_EQ(RolloutStatus("Deployment", object, 0).status().message(),
            "deployment \"w\" exceeded its progress deadline");
  EXPECT_EQ(RolloutStatus("Pod", object, 0).status().message(),
            "no status viewer has been implemented for Pod");
}

}  // namespace
}  // namespace kubectl
