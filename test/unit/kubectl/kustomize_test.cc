// kubectl/kustomize: names, hashes, images, merges, references. What whole directories build is compared with stock kubectl
// in test/integration/kubectl_equal.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "apimachinery/schema.h"
#include "kubectl/cli/codec.h"
#include "kubectl/kustomize/build.h"
#include "kubectl/kustomize/generators.h"
#include "kubectl/kustomize/kustomization.h"
#include "kubectl/kustomize/merge.h"
#include "kubectl/kustomize/resource.h"
#include "kubectl/kustomize/transformers.h"

namespace kubectl::kustomize {
namespace {

Value Yaml(absl::string_view text) {
  absl::StatusOr<Value> value = ParseYaml(text);
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? *value : Value();
}

// Files of a test, below a directory that ends with it.
class Directory {
 public:
  Directory() {
    char name[] = "/tmp/kustomize-test-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  void Write(const std::string& name, absl::string_view text) const {
    const std::filesystem::path file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  std::string Build(const std::string& below) const {
    const auto objects = kustomize::Build(path_ + "/" + below, [](const std::string&) {});
    return objects.ok() ? ToYaml(*objects) : std::string(objects.status().message());
  }

 private:
  std::string path_;
};

TEST(ContentHash, IsTheOneOfKustomize) {
  EXPECT_EQ(ContentHash(Yaml("{kind: ConfigMap, metadata: {name: pre-gen}, data: {a: b, c: d e}}")), "h6665gg887");
  EXPECT_EQ(ContentHash(Yaml("{kind: Secret, metadata: {name: pre-sec}, type: x/y, data: {p: cQ==}}")), "d925tm962m");
  EXPECT_EQ(ContentHash(Yaml("{kind: ConfigMap, metadata: {name: x}}")), "6ct58987ht");
}

TEST(ChangeImage, SetsTheNamedParts) {
  struct Case {
    absl::string_view reference, image, want;
  };
  for (const Case& c : {Case{"nginx:1", "{name: nginx, newTag: '9'}", "nginx:9"},
                        Case{"nginx", "{name: nginx, newTag: '9'}", "nginx:9"},
                        Case{"nginx@sha256:a", "{name: nginx, newTag: '9'}", "nginx:9"},
                        Case{"nginx:1", "{name: nginx, digest: 'sha256:b'}", "nginx@sha256:b"},
                        Case{"nginx:1", "{name: nginx, newName: 'r:5000/n'}", "r:5000/n:1"},
                        Case{"nginx:1", "{name: nginx, tagSuffix: -x}", "nginx:1-x"},
                        Case{"r:5000/n:1", "{name: 'r:5000/n', newTag: '7'}", "r:5000/n:7"},
                        Case{"q/nginx:1", "{name: nginx, newTag: y}", "q/nginx:1"}}) {
    SCOPED_TRACE(c.image);
    EXPECT_EQ(ChangeImage(std::string(c.reference), Yaml(c.image)), c.want);
  }
}

TEST(MergeInto, MergesListsByTheirKeysNewElementsFirst) {
  const auto* message = apimachinery::Schema::Builtin().FindMessage("v1", "Pod");
  struct Case {
    absl::string_view name, target, patch, want;
  };
  const Case cases[] = {
      {"a new container comes first", "{spec: {containers: [{name: a, image: x}]}}", "{spec: {containers: [{name: b}]}}",
       "{spec: {containers: [{name: b}, {name: a, image: x}]}}"},
      {"an element is merged", "{spec: {containers: [{name: a, image: x}]}}", "{spec: {containers: [{name: a, image: y}]}}",
       "{spec: {containers: [{name: a, image: y}]}}"},
      {"an element is deleted", "{spec: {containers: [{name: a}, {name: b}]}}",
       "{spec: {containers: [{name: a, $patch: delete}]}}", "{spec: {containers: [{name: b}]}}"},
      {"a list is replaced", "{spec: {containers: [{name: a}]}}", "{spec: {containers: [{$patch: replace}, {name: c}]}}",
       "{spec: {containers: [{name: c}]}}"},
      {"null takes away", "{spec: {nodeName: a, x: 1}}", "{spec: {nodeName: null}}", "{spec: {x: 1}}"},
      {"lists without keys are replaced", "{spec: {tolerations: [{key: a}]}}", "{spec: {tolerations: [{key: b}]}}",
       "{spec: {tolerations: [{key: b}]}}"},
      {"sets grow", "{metadata: {finalizers: [a, c]}}", "{metadata: {finalizers: [b]}}",
       "{metadata: {finalizers: [b, a, c]}}"},
      {"a map is replaced", "{spec: {nodeSelector: {a: b}}}", "{spec: {nodeSelector: {$patch: replace, c: d}}}",
       "{spec: {nodeSelector: {c: d}}}"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Value target = Yaml(c.target);
    EXPECT_TRUE(MergeInto(&target, Yaml(c.patch), message));
    EXPECT_EQ(target, Yaml(c.want)) << WriteYaml(target);
  }
  Value gone = Yaml("{a: b}");
  EXPECT_FALSE(MergeInto(&gone, Yaml("{$patch: delete}"), nullptr));
}

TEST(ParseKustomization, RefusesWhatItDoesNotBuild) {
  struct Case {
    absl::string_view text, want;
  };
  for (const Case& c : {
           Case{"foo: 1", "invalid Kustomization: json: unknown field \"foo\""},
           Case{"vars: []", "invalid Kustomization: the field \"vars\" is not supported"},
           Case{"helmCharts: [{name: x}]", "invalid Kustomization: the field \"helmCharts\" is not supported"},
           Case{"resources: x",
                "invalid Kustomization: json: cannot unmarshal string into Go struct field Kustomization.resources of type []string"},
           Case{"images: [{name: x, newTag: 1}]",
                "invalid Kustomization: json: cannot unmarshal number into Go struct field Image.images.newTag of type string"},
           Case{"kind: Foo\nnamespace: a", "Failed to read kustomization file under /r:\nkind should be Kustomization or Component"},
           Case{"", "kustomization.yaml is empty"}, Case{"kind: Kustomization", "kustomization.yaml is empty"}}) {
    EXPECT_EQ(ParseKustomization(c.text, "/r").status().message(), c.want);
  }
  const auto old = ParseKustomization("bases: [a]\nresources: [b]", "/r");
  ASSERT_TRUE(old.ok());
  EXPECT_EQ(old->warnings.size(), 1u);
  EXPECT_EQ(WriteJson(*old->fields.Find("resources")), R"(["b","a"])");
}

TEST(Build, NamesFollowTheirObjectsThroughLayers) {
  const Directory files;
  files.Write("base/pod.yaml",
              "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, envFrom: [{configMapRef: {name: "
              "conf}}]}], serviceAccountName: other}}");
  files.Write("base/kustomization.yaml",
              "resources: [pod.yaml]\nnamePrefix: a-\nconfigMapGenerator: [{name: conf, literals: [k=v]}]\n");
  files.Write("top/kustomization.yaml",
              "resources: [../base]\nnameSuffix: -z\nconfigMapGenerator: [{name: conf, behavior: merge, literals: [l=w]}]\n");
  const Value pod = Yaml(files.Build("top").substr(files.Build("top").find("---\n") + 4));
  EXPECT_EQ(pod.GetString("metadata.name"), "a-p-z");
  EXPECT_EQ(pod.GetString("spec.serviceAccountName"), "other");
  const std::string name = pod.GetArray("spec.containers")[0].GetArray("envFrom")[0].GetString("configMapRef.name");
  EXPECT_THAT(name, testing::MatchesRegex("a-conf-z-[bcdfghkm2456789t]+"));
  EXPECT_THAT(files.Build("top"), testing::HasSubstr("name: " + name));
}

TEST(Build, FilesOutsideTheRootAndCyclesAreRefused) {
  const Directory files;
  files.Write("outside.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: p}}");
  files.Write("a/kustomization.yaml", "resources: [../outside.yaml]");
  EXPECT_THAT(files.Build("a"), testing::HasSubstr("is not in or below"));
  files.Write("b/kustomization.yaml", "resources: [../b]");
  EXPECT_THAT(files.Build("b"), testing::HasSubstr("cycle detected"));
  EXPECT_THAT(files.Build("c"), testing::HasSubstr("must build at directory"));
}

}  // namespace
}  // namespace kubectl::kustomize
